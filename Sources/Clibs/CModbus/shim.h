#include <errno.h>
#include <modbus.h>

// libmodbus's error numbers, which Swift cannot read out of its macros.
static const int tidegate_modbus_first_exception = EMBXILFUN;
static const int tidegate_modbus_last_exception = EMBXGTAR;
static const int tidegate_modbus_wrong_checksum = EMBBADCRC;
static const int tidegate_modbus_wrong_form = EMBBADDATA;
static const int tidegate_modbus_unknown_exception = EMBBADEXC;
static const int tidegate_modbus_too_long = EMBMDATA;
static const int tidegate_modbus_wrong_sender = EMBBADSLAVE;
