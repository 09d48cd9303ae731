// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Dialogues with a modem: the requests of the host, the answers and the result. Played by
 * test_qdl.c with two attempts for all that may be repeated. */
#ifndef MF_TESTS_QDL_DIALOGUES_H
#define MF_TESTS_QDL_DIALOGUES_H

#include "protocol/qdl.h"

/* Sources: traces and worked examples in tests/vectors/qdl-*.txt and notqdl-*.txt. */
#define SWITCH "7e 70 00 00 14 46 7e"
#define MAGIC_HOST                                                                                 \
    "51 43 4f 4d 20 68 69 67 68 20 73 70 65 65 64 20 70 72 6f 74 6f 63 6f 6c 20 68 73 74"
#define MAGIC_MODEM                                                                                \
    "51 43 4f 4d 20 68 69 67 68 20 73 70 65 65 64 20 70 72 6f 74 6f 63 6f 6c 20 74 67 74 30"
#define HELLO "7e 01 " MAGIC_HOST " 00 00 00 00 06 06 30 0b 8d 7e"
#define HELLO_ANSWER                                                                               \
    "7e 02 " MAGIC_MODEM " 00 00 00 06 06 00 00 00 00 00 00 00 00 00 00 00 00 00 30 d9 bc 7e"
#define ACK "7e 02 6a d3 7e"
#define ERROR_22 "7e 0d 16 00 00 00 00 88 4d 7e"
#define OPENED "7e 26 00 00 01 25 26 d7 03 38 37 7e"
#define OPEN_REFUSED_7 "7e 26 07 00 01 00 00 00 00 6e e4 7e"
#define WRITE_0_OF_1_BYTE "27 00 00 00 00 00 00 01 00 00 00 03 51"
#define WRITE_1_OF_1_BYTE "27 01 00 00 00 00 00 01 00 00 00 24 7d"
#define ACK_0 "7e 28 00 00 00 00 00 00 00 00 14 39 7e"
#define ACK_1 "7e 28 01 00 00 00 00 00 00 00 ab b8 7e"
#define END "7e 29 bb 4c 7e"
#define ENDED "7e 2a 00 00 00 00 4e e3 7e"
#define RESET "7e 2d 9f 0a 7e"
#define DIAG_ERROR "13 70 00 00 6a 9a 7e"
#define BOOTROM_NAK "7e 03 00 06 9e 4c 7e"
#define SAHARA_8 "01 00 00 00 30 00 00 00"
#define SAHARA_24 SAHARA_8 " 02 00 00 00 01 00 00 00 00 04 00 00 02 00 00 00"
#define SAHARA_HELLO                                                                               \
    SAHARA_24 " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"

enum operation {
    NO_OPERATION,
    BEGIN_GREETING,
    BEGIN_IMAGE,
    BEGIN_RESET,
    EXPECT_SEND,
    EXPECT_OPEN,
    EXPECT_WITHIN,
    EXPECT_DONE,
    EXPECT_FAILURE,
    FEED_BYTES,
    FEED_PAYLOAD,
    TIME_OUT
};

struct step {
    enum operation operation;
    const char *hex;
    uint32_t a, b, c;
};

/* clang-format off */
#define GREET {BEGIN_GREETING, NULL, 0, 0, 0}
#define IMAGE(file_size, chunk) {BEGIN_IMAGE, NULL, file_size, chunk, 0}
#define CLOSE {BEGIN_RESET, NULL, 0, 0, 0}
#define SEND(hex) {EXPECT_SEND, hex, 0, 0, 0}
#define OPEN(file_size) {EXPECT_OPEN, NULL, file_size, 0, 0}
#define WRITE(header, offset, length) {EXPECT_SEND, header, offset, length, 0}
#define WAIT(within_ms) {EXPECT_WITHIN, NULL, within_ms, 0, 0}
#define DONE {EXPECT_DONE, NULL, 0, 0, 0}
#define FAIL(failure, code) {EXPECT_FAILURE, "", failure, MF_OTHER_NONE, code}
#define FAIL_WITH(failure, code, text) {EXPECT_FAILURE, text, failure, MF_OTHER_NONE, code}
#define OTHER_PROTOCOL(other, code) {EXPECT_FAILURE, "", MF_QDL_NOT_QDL, other, code}
#define REPLY(hex) {FEED_BYTES, hex, 0, 0, 0}  /* as it is */
#define FRAME(hex) {FEED_PAYLOAD, hex, 0, 0, 0} /* in a frame */
#define SILENCE {TIME_OUT, NULL, 0, 0, 0}

#define HANDSHAKE SEND(HELLO), REPLY(HELLO_ANSWER)
#define SWITCH_UNANSWERED SEND(SWITCH), SILENCE, SEND(SWITCH), SILENCE
#define FIRST_WRITE(file_size) \
    HANDSHAKE, OPEN(file_size), REPLY(OPENED), WRITE(WRITE_0_OF_1_BYTE, 0, 1)

static const struct dialogue {
    const char *name;
    struct step steps[32];
} dialogues[] = {
    {"a 9x30 is greeted",
     {GREET, SEND(SWITCH), WAIT(11), REPLY(ERROR_22), SEND(HELLO), WAIT(11), REPLY(HELLO_ANSWER),
      DONE, CLOSE, SEND(RESET), DONE}},
    {"a 9x15 is greeted",
     {GREET, SEND(SWITCH), REPLY(ACK), HANDSHAKE, DONE}},
    {"any other error to the switch does as well",
     {GREET, SEND(SWITCH), FRAME("0d 05 00 00 00 6e 6f 00"), HANDSHAKE, DONE}},
    {"no answer to the switch leads to the hello",
     {GREET, SWITCH_UNANSWERED, HANDSHAKE, DONE}},
    {"the switch's answers come late, all of them",
     {GREET, SWITCH_UNANSWERED, SEND(HELLO), REPLY(ERROR_22 " " ERROR_22),
      REPLY(HELLO_ANSWER), DONE}},
    {"the repeat's answer comes late",
     {GREET, SEND(SWITCH), SILENCE, SEND(SWITCH), REPLY(ERROR_22), SEND(HELLO), REPLY(ERROR_22),
      REPLY(HELLO_ANSWER), DONE}},
    {"an error to the hello: asked again",
     {GREET, SEND(SWITCH), REPLY(ERROR_22), SEND(HELLO), REPLY(ERROR_22), HANDSHAKE, DONE}},
    {"nothing but errors to the hello: goes on",
     {GREET, SEND(SWITCH), REPLY(ERROR_22), SEND(HELLO), REPLY(ERROR_22), SEND(HELLO), REPLY(ACK),
      DONE}},
    {"an error to the hello, then silence",
     {GREET, SEND(SWITCH), REPLY(ACK), SEND(HELLO), REPLY(ERROR_22), SEND(HELLO), SILENCE,
      FAIL(MF_QDL_ERROR, 22)}},
    {"nothing ever",
     {GREET, SWITCH_UNANSWERED, SEND(HELLO), SILENCE, SEND(HELLO), SILENCE,
      FAIL(MF_QDL_SILENT, 0)}},
    {"an answer to the switch, then silence",
     {GREET, SEND(SWITCH), REPLY(ACK), SEND(HELLO), SILENCE, SEND(HELLO), REPLY("00 11"), SILENCE,
      FAIL(MF_QDL_SILENT, 0)}},
    {"stale garbage before the first good frame",
     {GREET, SEND(SWITCH), REPLY("0d 0a 4f 4b 0d 0a 7e 55 aa 7e " ACK_1 " " ERROR_22), HANDSHAKE,
      DONE}},
    {"a damaged answer is as good as none",
     {GREET, SEND(SWITCH), REPLY("7e 0d 17 00 00 00 00 88 4d 7e"), SILENCE, SEND(SWITCH),
      REPLY(ERROR_22), HANDSHAKE, DONE}},
    {"a DIAG port",
     {GREET, SEND(SWITCH), REPLY(DIAG_ERROR), OTHER_PROTOCOL(MF_OTHER_DIAG, 0x13)}},
    {"an AT port that echoes",
     {GREET, SEND(SWITCH), REPLY(SWITCH), OTHER_PROTOCOL(MF_OTHER_AT, 0x70)}},
    {"an AT port that echoes the hello only",
     {GREET, SWITCH_UNANSWERED, SEND(HELLO), REPLY(HELLO), OTHER_PROTOCOL(MF_OTHER_AT, 0x01)}},
    {"text",
     {GREET, SEND(SWITCH), REPLY("0d 0a 45 52 52 4f 52 0d 0a"), SILENCE, SEND(SWITCH), SILENCE,
      SEND(HELLO), SILENCE, SEND(HELLO), SILENCE, OTHER_PROTOCOL(MF_OTHER_AT, 0)}},
    {"garbage",
     {GREET, SEND(SWITCH), REPLY("00 ff 00 ff 7e 12"), SILENCE, SEND(SWITCH), SILENCE,
      SEND(HELLO), SILENCE, SEND(HELLO), SILENCE, OTHER_PROTOCOL(MF_OTHER_UNKNOWN, 0)}},
    {"frames of a language nobody knows",
     {GREET, SEND(SWITCH), FRAME("79 01 02"), SILENCE, SEND(SWITCH), SILENCE, SEND(HELLO),
      FRAME("79 01 02"), SILENCE, SEND(HELLO), SILENCE, OTHER_PROTOCOL(MF_OTHER_UNKNOWN, 0)}},
    {"Sahara: memory debug",
     {GREET, SEND(SWITCH), REPLY(SAHARA_HELLO), OTHER_PROTOCOL(MF_OTHER_SAHARA, 2)}},
    {"Sahara is known after 24 bytes, over repeats",
     {GREET, SEND(SWITCH), REPLY(SAHARA_8), SILENCE, SEND(SWITCH),
      REPLY("02 00 00 00 01 00 00 00 00 04 00 00 00 00 00 00"),
      OTHER_PROTOCOL(MF_OTHER_SAHARA, 0)}},
    {"Sahara that breaks off",
     {GREET, SEND(SWITCH), REPLY(SAHARA_8), SILENCE, SEND(SWITCH), SILENCE, SEND(HELLO), SILENCE,
      SEND(HELLO), SILENCE, OTHER_PROTOCOL(MF_OTHER_SAHARA, MF_SAHARA_MODE_UNKNOWN)}},
    {"the boot ROM",
     {GREET, SEND(SWITCH), REPLY(BOOTROM_NAK), OTHER_PROTOCOL(MF_OTHER_BOOTROM, 3)}},
    {"two images and a reset",
     {IMAGE(402, 1), SEND(HELLO), WAIT(33), REPLY(HELLO_ANSWER), OPEN(402), WAIT(33),
      REPLY(OPENED), WRITE(WRITE_0_OF_1_BYTE, 0, 1), WAIT(44), REPLY(ACK_0),
      WRITE(WRITE_1_OF_1_BYTE, 1, 1), WAIT(55), REPLY(ACK_1), SEND(END), WAIT(66), REPLY(ENDED),
      DONE, IMAGE(401, 9), FIRST_WRITE(401), REPLY(ACK_0), SEND(END), REPLY(ENDED), DONE, CLOSE,
      SEND(RESET), DONE}},
    {"late answers to the greeting's repeats come into the image",
     {GREET, SEND(SWITCH), REPLY(ACK), SEND(HELLO), SILENCE, HANDSHAKE, DONE, IMAGE(401, 1),
      HANDSHAKE, OPEN(401), REPLY(HELLO_ANSWER), REPLY(OPENED), WRITE(WRITE_0_OF_1_BYTE, 0, 1),
      REPLY(ACK_0), SEND(END), REPLY(ENDED), DONE}},
    {"a late error during open decides nothing",
     {IMAGE(401, 1), SEND(HELLO), SILENCE, HANDSHAKE, OPEN(401), REPLY(ERROR_22), REPLY(OPENED),
      WRITE(WRITE_0_OF_1_BYTE, 0, 1)}},
    {"... unless nothing better comes",
     {IMAGE(401, 1), SEND(HELLO), SILENCE, HANDSHAKE, OPEN(401), REPLY(ERROR_22), SILENCE,
      FAIL(MF_QDL_ERROR, 22)}},
    {"an error to the open",
     {IMAGE(401, 1), HANDSHAKE, OPEN(401), REPLY(ERROR_22), SILENCE, FAIL(MF_QDL_ERROR, 22)}},
    {"answers to the hellos of before the port was opened anew",
     {IMAGE(401, 1), HANDSHAKE, OPEN(401), REPLY(HELLO_ANSWER " " HELLO_ANSWER), REPLY(OPENED),
      WRITE(WRITE_0_OF_1_BYTE, 0, 1), REPLY(ACK_0), SEND(END), REPLY(ENDED), DONE}},
    {"answers of a 9x15 to the switches of before the port was opened anew",
     {IMAGE(401, 1), HANDSHAKE, OPEN(401), REPLY(ACK " " ACK " " HELLO_ANSWER), REPLY(OPENED),
      WRITE(WRITE_0_OF_1_BYTE, 0, 1), REPLY(ACK_0), SEND(END), REPLY(ENDED), DONE}},
    {"answers of a 9x30 to the switches of before the port was opened anew",
     {IMAGE(401, 1), HANDSHAKE, OPEN(401), REPLY(ERROR_22 " " ERROR_22 " " HELLO_ANSWER),
      REPLY(OPENED), WRITE(WRITE_0_OF_1_BYTE, 0, 1), REPLY(ACK_0), SEND(END), REPLY(ENDED), DONE}},
    {"... and nothing else",
     {IMAGE(401, 1), HANDSHAKE, OPEN(401), REPLY(HELLO_ANSWER), SILENCE, FAIL(MF_QDL_SILENT, 0)}},
    {"a hello in the middle of an image",
     {IMAGE(402, 1), FIRST_WRITE(402), REPLY(HELLO_ANSWER), FAIL(MF_QDL_UNEXPECTED, 0x02)}},
    {"the open is refused",
     {IMAGE(401, 1), HANDSHAKE, OPEN(401), REPLY(OPEN_REFUSED_7), FAIL(MF_QDL_OPEN_REFUSED, 7)}},
    {"the open is not repeated",
     {IMAGE(401, 1), HANDSHAKE, OPEN(401), SILENCE, FAIL(MF_QDL_SILENT, 0)}},
    {"nor is a write",
     {IMAGE(401, 1), FIRST_WRITE(401), SILENCE, FAIL(MF_QDL_SILENT, 0)}},
    {"nor the end",
     {IMAGE(401, 1), FIRST_WRITE(401), REPLY(ACK_0), SEND(END), SILENCE, FAIL(MF_QDL_SILENT, 0)}},
    {"the ack of the write before, twice",
     {IMAGE(402, 1), FIRST_WRITE(402), REPLY(ACK_0), WRITE(WRITE_1_OF_1_BYTE, 1, 1),
      REPLY(ACK_0), REPLY(ACK_1), SEND(END), REPLY(ACK_1), REPLY(ENDED), DONE}},
    {"the ack of another write",
     {IMAGE(402, 1), FIRST_WRITE(402), REPLY(ACK_1), FAIL(MF_QDL_WRONG_SEQUENCE, 1)}},
    {"the first write has none before it",
     {IMAGE(402, 1), FIRST_WRITE(402), FRAME("28 ff ff 00 00 00 00 00 00"),
      FAIL(MF_QDL_WRONG_SEQUENCE, 0xffff)}},
    {"a write is refused",
     {IMAGE(402, 1), FIRST_WRITE(402), FRAME("28 00 00 00 00 00 00 02 00"),
      FAIL(MF_QDL_WRITE_REFUSED, 2)}},
    {"an error to a write, with a word",
     {IMAGE(402, 1), FIRST_WRITE(402), FRAME("0d 17 00 00 00 68 69 01 00"),
      FAIL_WITH(MF_QDL_ERROR, 23, "hi?")}},
    {"an answer cut short",
     {IMAGE(402, 1), FIRST_WRITE(402), FRAME("28 00 00"), FAIL(MF_QDL_UNEXPECTED, 0x28)}},
    {"the image is refused at its end",
     {IMAGE(401, 1), FIRST_WRITE(401), REPLY(ACK_0), SEND(END), FRAME("2a 01 00 80 6e 6f 00"),
      FAIL_WITH(MF_QDL_DONE_REFUSED, 1, "no")}},
    {"the end is told with words",
     {IMAGE(401, 1), FIRST_WRITE(401), REPLY(ACK_0), SEND(END),
      FRAME("2a 00 00 00 66 69 6e 65 00"), DONE}},
    {"the switch's late answers cannot come after the hello's",
     {GREET, SWITCH_UNANSWERED, HANDSHAKE, DONE, IMAGE(401, 1), HANDSHAKE, OPEN(401),
      REPLY(ERROR_22), SILENCE, FAIL(MF_QDL_ERROR, 22)}},
    {"nor the hello's after the open's",
     {IMAGE(401, 1), SEND(HELLO), SILENCE, FIRST_WRITE(401), REPLY(ACK_0), SEND(END), REPLY(ENDED),
      DONE, IMAGE(401, 1), HANDSHAKE, OPEN(401), REPLY(ERROR_22), SILENCE,
      FAIL(MF_QDL_ERROR, 22)}},
    {"an error to the hello is forgotten when it is answered",
     {IMAGE(401, 1), SEND(HELLO), REPLY(ERROR_22), HANDSHAKE, OPEN(401), SILENCE,
      FAIL(MF_QDL_SILENT, 0)}},
    {"an ack to a write that never was",
     {IMAGE(401, 1), FIRST_WRITE(401), REPLY(ACK_0), SEND(END), REPLY(ACK_1),
      FAIL(MF_QDL_WRONG_SEQUENCE, 1)}},
    {"a modem that crashes under a write",
     {IMAGE(402, 1), FIRST_WRITE(402), REPLY(SAHARA_HELLO), OTHER_PROTOCOL(MF_OTHER_SAHARA, 2)}},
};
/* clang-format on */

#endif
