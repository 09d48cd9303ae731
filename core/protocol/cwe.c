#include "protocol/cwe.h"
