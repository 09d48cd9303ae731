#include "protocol/crc.h"
