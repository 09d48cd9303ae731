#include "protocol/qdl.h"
