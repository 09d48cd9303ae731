/* Names of what happens in a QDL conversation, for people and programs. */
#include "protocol/qdl.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *pick(const char *const *names, size_t count, uint32_t index)
{
    return index < count && names[index] != NULL ? names[index] : "unknown";
}

const char *mf_qdl_failure_name(enum mf_qdl_failure failure)
{
    static const char *const names[] = {
        [MF_QDL_NO_FAILURE] = "none",
        [MF_QDL_SILENT] = "silent",
        [MF_QDL_NOT_QDL] = "not_qdl",
        [MF_QDL_ERROR] = "error",
        [MF_QDL_OPEN_REFUSED] = "open_refused",
        [MF_QDL_WRITE_REFUSED] = "write_refused",
        [MF_QDL_WRONG_SEQUENCE] = "wrong_sequence",
        [MF_QDL_DONE_REFUSED] = "done_refused",
        [MF_QDL_UNEXPECTED] = "unexpected",
    };

    return pick(names, COUNT(names), failure);
}

const char *mf_qdl_other_protocol_name(enum mf_qdl_other_protocol other)
{
    static const char *const names[] = {
        [MF_OTHER_NONE] = "none",       [MF_OTHER_DIAG] = "diag",
        [MF_OTHER_AT] = "at",           [MF_OTHER_SAHARA] = "sahara",
        [MF_OTHER_BOOTROM] = "bootrom", [MF_OTHER_UNKNOWN] = "unknown",
    };

    return pick(names, COUNT(names), other);
}

/* Codes and statuses: Qualcomm's QDLEnum.h (libqmi, gobi-api). */
const char *mf_qdl_error_text(uint32_t code)
{
    static const char *const texts[] = {
        [2] = "bad address",
        [3] = "bad length",
        [4] = "unexpected end of packet",
        [5] = "invalid command",
        [7] = "operation failed",
        [8] = "bad flash id",
        [9] = "bad programming voltage",
        [10] = "write verify failed",
        [12] = "bad security code",
        [13] = "power-down failed",
        [14] = "NAND programming not supported",
        [15] = "command out of sequence",
        [16] = "close failed",
        [17] = "bad feature bits",
        [18] = "out of space",
        [19] = "bad security mode",
        [20] = "multi-image NAND not supported",
        [21] = "power-off not supported",
        [22] = "command not supported",
        [23] = "bad CRC",
        [24] = "command in invalid state",
        [25] = "receive timeout",
        [26] = "image authentication error",
    };

    return pick(texts, COUNT(texts), code);
}

const char *mf_qdl_open_status_text(uint32_t status)
{
    static const char *const texts[] = {
        "accepted",
        "image size error",
        "bad image type",
        "header size error",
        "header present but not wanted",
        "header required",
        "memory protection",
        "image type not required",
    };

    return pick(texts, COUNT(texts), status);
}

const char *mf_qdl_write_status_text(uint32_t status)
{
    static const char *const texts[] = {"received", "CRC failed", "parsing the content failed"};

    return pick(texts, COUNT(texts), status);
}

const char *mf_qdl_done_status_text(uint32_t status)
{
    static const char *const texts[] = {"done", "authentication failure", "flash write failure"};

    return pick(texts, COUNT(texts), status);
}
