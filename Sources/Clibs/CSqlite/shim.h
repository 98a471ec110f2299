#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast, which Swift cannot read: the bytes are copied during the call.
static inline int tidegate_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return count == 0 ? sqlite3_bind_zeroblob(statement, index, 0)
                      : sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

// sqlite3_db_config takes what differs from one switch to the next, which Swift cannot call. What a file says of
// itself is data here: no trigger or view of its schema runs, nor a function that could do harm, and no statement
// writes to the schema by itself.
// Source: https://www.sqlite.org/security.html, "Untrusted SQLite Database Files".
static inline int tidegate_distrust(sqlite3 *database) {
    static const int switches[][2] = {
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
    };
    for (unsigned index = 0; index < sizeof switches / sizeof *switches; index++) {
        int code = sqlite3_db_config(database, switches[index][0], switches[index][1], (int *)0);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}
