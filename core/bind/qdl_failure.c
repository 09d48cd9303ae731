/* Failures of a conversation: code "qdl." and the failure's name, message: what was asked and what
 * came, evidence: the bytes. Besides, for programs:
 *   qdl.error qdl.open_refused qdl.write_refused qdl.done_refused   status
 *   qdl.wrong_sequence                                              sequence
 *   qdl.unexpected                                                  command
 *   qdl.diag_port qdl.at_port qdl.sahara qdl.boot_rom qdl.not_qdl
 *                   other_protocol = "diag" | "at" | "sahara" | "bootrom" | "unknown", mode (Sahara's)
 */
#include "bind/qdl_failure.h"

#include "bind/bind.h"

#include <stdio.h>

enum { SAHARA_MEMORY_DEBUG = 2 };

/* The describe_* functions push strings; mf_push_qdl_failure clears them away. */

/* What was asked, and how far the image had come. */
static const char *describe_request(lua_State *L, const struct mf_qdl *qdl)
{
    if (qdl->acknowledged == 0)
        return lua_pushfstring(L, "\"%s\"", mf_qdl_state_name(qdl));
    return lua_pushfstring(L, "\"%s\" after %f of %f bytes", mf_qdl_state_name(qdl),
                           (lua_Number)qdl->acknowledged, (lua_Number)qdl->total);
}

/* The modem's own words, if it gave any. */
static const char *describe_words(lua_State *L, const struct mf_qdl *qdl)
{
    return qdl->text[0] == '\0' ? "" : lua_pushfstring(L, " (\"%s\")", qdl->text);
}

static const char *meaning_of(const struct mf_qdl *qdl)
{
    static const char *const meanings[] = {
        [MF_OTHER_NONE] = "nothing",
        [MF_OTHER_DIAG] =
            "this is the diagnostic port of a running modem, not a modem waiting for an image",
        [MF_OTHER_AT] = "this port sends text or our own bytes back, like the AT or NMEA port of "
                          "a running modem; it is not a modem waiting for an image",
        [MF_OTHER_SAHARA] = "the modem speaks Sahara, not QDL: it belongs to another family, or "
                              "something is wrong with its loader",
        [MF_OTHER_BOOTROM] = "only the boot ROM of the modem answers: its loader is gone",
        [MF_OTHER_UNKNOWN] = "what answers is not a modem waiting for an image",
    };

    if (qdl->other_protocol == MF_OTHER_SAHARA && qdl->code == SAHARA_MEMORY_DEBUG)
        return "the modem has crashed and waits for its memory to be dumped (Sahara, mode 2)";
    return meanings[qdl->other_protocol];
}

/* What answers instead of QDL has a code of its own where it is known. */
static const char *name_of(const struct mf_qdl *qdl)
{
    static const char *const names[] = {
        [MF_OTHER_DIAG] = "diag_port", [MF_OTHER_AT] = "at_port",
        [MF_OTHER_SAHARA] = "sahara",  [MF_OTHER_BOOTROM] = "boot_rom",
        [MF_OTHER_UNKNOWN] = NULL,
    };

    if (qdl->failure == MF_QDL_NOT_QDL && names[qdl->other_protocol] != NULL)
        return names[qdl->other_protocol];
    return mf_qdl_failure_name(qdl->failure);
}

static const char *describe_refusal(lua_State *L, const struct mf_qdl *qdl, const char *what,
                                    const char *status)
{
    return lua_pushfstring(L, "the modem refused %s: status %f, %s%s", what, (lua_Number)qdl->code,
                           status, describe_words(L, qdl));
}

static const char *describe_error(lua_State *L, const struct mf_qdl *qdl)
{
    return lua_pushfstring(L, "the modem answered %s with error %f, %s%s", describe_request(L, qdl),
                           (lua_Number)qdl->code, mf_qdl_error_text(qdl->code),
                           describe_words(L, qdl));
}

static const char *describe_unexpected(lua_State *L, const struct mf_qdl *qdl)
{
    char command[8];

    snprintf(command, sizeof command, "0x%02x", (unsigned)(qdl->code & 0xff));
    return lua_pushfstring(L, "the modem answered %s with %s, which does not belong there",
                           describe_request(L, qdl), command);
}

static const char *describe(lua_State *L, const struct mf_qdl *qdl)
{
    int sequence = qdl->sequence;

    switch (qdl->failure) {
    case MF_QDL_NOT_QDL:
        return meaning_of(qdl);
    case MF_QDL_ERROR:
        return describe_error(L, qdl);
    case MF_QDL_OPEN_REFUSED:
        return describe_refusal(L, qdl, "to open the image", mf_qdl_open_status_text(qdl->code));
    case MF_QDL_WRITE_REFUSED:
        return describe_refusal(L, qdl, lua_pushfstring(L, "write %d", sequence),
                                mf_qdl_write_status_text(qdl->code));
    case MF_QDL_WRONG_SEQUENCE:
        return lua_pushfstring(L, "the modem answered write %d, not write %d", (int)qdl->code,
                               sequence);
    case MF_QDL_DONE_REFUSED:
        return describe_refusal(
            L, qdl, lua_pushfstring(L, "the image (failing type %d)", (int)qdl->failed_type),
            mf_qdl_done_status_text(qdl->code));
    case MF_QDL_UNEXPECTED:
        return describe_unexpected(L, qdl);
    default:
        return lua_pushfstring(L, "no %sanswer to %s", qdl->raw_length > 0 ? "good " : "",
                               describe_request(L, qdl));
    }
}

/* NULL when nothing was received. */
static const char *describe_evidence(lua_State *L, const struct mf_qdl *qdl)
{
    char hex[3 * MF_QDL_RAW + 1] = "";

    for (size_t i = 0; i < qdl->raw_length; i++)
        snprintf(hex + 3 * i, sizeof hex - 3 * i, " %02x", qdl->raw[i]);
    return qdl->raw_length > 0 ? lua_pushfstring(L, "received%s", hex) : NULL;
}

/* The field that holds qdl->code for programs. */
static const char *code_field(const struct mf_qdl *qdl)
{
    static const char *const fields[] = {
        [MF_QDL_ERROR] = "status",
        [MF_QDL_OPEN_REFUSED] = "status",
        [MF_QDL_WRITE_REFUSED] = "status",
        [MF_QDL_DONE_REFUSED] = "status",
        [MF_QDL_WRONG_SEQUENCE] = "sequence",
        [MF_QDL_UNEXPECTED] = "command",
    };

    if (qdl->failure == MF_QDL_NOT_QDL)
        return qdl->other_protocol == MF_OTHER_SAHARA && qdl->code != MF_SAHARA_MODE_UNKNOWN ? "mode"
                                                                                        : NULL;
    return fields[qdl->failure];
}

static void add_fields(lua_State *L, const struct mf_qdl *qdl)
{
    if (code_field(qdl) != NULL) {
        mf_push_whole(L, qdl->code);
        lua_setfield(L, -2, code_field(qdl));
    }
    if (qdl->failure != MF_QDL_NOT_QDL)
        return;
    lua_pushstring(L, mf_qdl_other_protocol_name(qdl->other_protocol));
    lua_setfield(L, -2, "other_protocol");
}

int mf_push_qdl_failure(lua_State *L, const struct mf_qdl *qdl)
{
    int top = lua_gettop(L);

    if (qdl->failure == MF_QDL_NO_FAILURE) {
        lua_pushnil(L);
        return 1;
    }
    mf_fail(L, lua_pushfstring(L, "qdl.%s", name_of(qdl)), describe_evidence(L, qdl), "%s",
            describe(L, qdl));
    add_fields(L, qdl);
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return 1;
}
