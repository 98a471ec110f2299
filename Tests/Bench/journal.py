"""journal.py BENCH [--quick]: the journal on this disk, beside Python's sqlite3 and a bare file of the same bytes.

The same rows go into a table of Python's sqlite3 in the same mode, a thousand each commit. Bytes on disk are
what the kernel counts for the process, beside those of a file that is appended to and synced as often.
"""
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time

from linked import row

BENCH = sys.argv[1]
QUICK = "--quick" in sys.argv
COUNT = 50_000 if QUICK else 600_000
COMMIT = 0.2
PACES = [("1,000 readings a second", 1000, 3 if QUICK else 30), ("10 readings a minute", 1 / 6, 6 if QUICK else 120)]


def ours(*arguments):
    said = subprocess.run([BENCH, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    if said.returncode:
        sys.exit(f"bench: {' '.join(map(str, arguments))}: {said.stdout}{said.stderr}")
    return [float(word) for word in said.stdout.split()]


def sqlite(folder, size):
    """Rows of so many bytes per second, in and out."""
    base = sqlite3.connect(folder / "raw.sqlite", isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("CREATE TABLE facts (place INTEGER PRIMARY KEY, bytes BLOB)")
    blob = bytes(size)
    begin = time.monotonic()
    for first in range(0, COUNT, 1000):
        base.execute("BEGIN")
        base.executemany("INSERT INTO facts VALUES (?, ?)", ((first + at + 1, blob) for at in range(1000)))
        base.execute("COMMIT")
    written = time.monotonic()
    seen, place = 0, 0
    while rows := base.execute(
            "SELECT place, bytes FROM facts WHERE place > ? ORDER BY place LIMIT 500", (place,)).fetchall():
        place, seen = rows[-1][0], seen + len(rows)
    read = time.monotonic()
    base.close()
    return seen / (written - begin), seen / (read - written)


def bare(folder, size, pace, seconds):
    """Bytes on disk for each reading when a bare file is appended to and synced once a commit interval."""
    def written():
        return int(next(line for line in open("/proc/self/io") if line.startswith("write_bytes")).split()[1])

    file = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    before, count = written(), 0
    total = max(1, int(pace * seconds))
    each = max(1, int(pace * COMMIT))
    while count < total:
        os.write(file, bytes(size * each))
        os.fdatasync(file)
        count += each
    os.close(file)
    return (written() - before) / count


def main():
    # Where the program's own state would be: /tmp may be memory.
    with tempfile.TemporaryDirectory(dir=pathlib.Path(BENCH).parent) as name:
        folder = pathlib.Path(name)
        count, size, rate_in, rate_out, before, after, opening = ours("journal", folder, COUNT)
        raw = sqlite(folder, int(size))
        row(f"journal, {COUNT:,} readings: taken in, 1/s", f"{rate_in:.0f}", f"Python sqlite3 {raw[0]:.0f}",
            f"{rate_in / raw[0]:.2f}", f"{size:.0f} bytes each, 200 ms between commits")
        row("  read back, 1/s", f"{rate_out:.0f}", f"Python sqlite3 {raw[1]:.0f}", f"{rate_out / raw[1]:.2f}")
        row("  memory that it takes, MiB", f"{(after - before) / 1024:.1f}", f"before {before / 1024:.1f}",
            f"{after / before:.2f}", f"opened in {opening:.0f} ms")
        for words, pace, seconds in PACES:
            folder = pathlib.Path(name) / words.replace(" ", "-")
            folder.mkdir()
            total, each = ours("writes", folder, pace, seconds)
            least = bare(folder, int(size), pace, seconds)
            row(f"bytes on disk for each, {words}", f"{each:.0f}", f"bare file, synced {least:.0f}",
                f"{each / least:.2f}", f"{total:.0f} readings")


main()
