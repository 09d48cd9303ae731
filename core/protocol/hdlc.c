#include "protocol/hdlc.h"
