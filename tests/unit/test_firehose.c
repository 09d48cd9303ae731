// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Firehose with the documents of the reference (firehose 5 to 9): whole, byte by byte and cut anywhere;
 * both generations of loaders; and what must not go wrong. */
#include "check.h"
#include "fuzz/firehose.c"

#define HOST(element) DOCUMENT(element "\n</data>\n\n")
#define PING_DOCUMENT HOST("<NOP value=\"ping\" />")
#define STORAGE_DOCUMENT HOST("<getStorageInfo physical_partition_number=\"0\" />")
#define POWER_DOCUMENT HOST("<power DelayInSeconds=\"0\" value=\"reset\" />")
#define CONFIGURE_DOCUMENT                                                                         \
    HOST("<configure MemoryName=\"eMMC\" Verbose=\"0\" AlwaysValidate=\"0\" "                      \
         "MaxDigestTableSizeInBytes=\"8192\" MaxPayloadSizeToTargetInBytes=\"1048576\" "           \
         "ZlpAwareHost=\"0\" SkipStorageInit=\"0\" TargetName=\"8960\" />")
#define PROGRAM_DOCUMENT(pages, sector, sectors)                                                   \
    HOST("<program PAGES_PER_BLOCK=\"" pages "\" SECTOR_SIZE_IN_BYTES=\"" sector                   \
         "\" filename=\"spkg.cwe\" num_partition_sectors=\"" sectors                               \
         "\" physical_partition_number=\"0\" start_sector=\"-1\" />")

#define ACK RESPONSE("\"ACK\"")
#define NAK RESPONSE("\"NAK\"")
#define RAW_ACK RESPONSE("\"ACK\" rawmode=\"true\"")
#define DONE_ACK RESPONSE("\"ACK\" rawmode=\"false\"")
#define DONE_NAK RESPONSE("\"NAK\" rawmode=\"false\"")
#define LIMIT_NAK                                                                                  \
    RESPONSE("\"NAK\" MemoryName=\"NAND\" MaxPayloadSizeFromTargetInBytes=\"2048\" "               \
             "MaxPayloadSizeToTargetInBytes=\"8192\" "                                             \
             "MaxPayloadSizeToTargetInBytesSupported=\"8192\" TargetName=\"9x55\"")
#define FUNCTIONS LOG("SWI supported functions: CWE")
#define SECTOR_4096 LOG("SECTOR_SIZE_IN_BYTES = 4096") LOG("TOTAL_SECTOR_SIZE_IN_BYTES= 1")
#define OLD_ZEROS LOG("ERROR: XML not formed correctly. Expected a &lt; character at loc 0")
#define NEW_ZEROS                                                                                  \
    NEW_LOG("ERROR: Failed to parse xml, error at offset 506, 512")                                \
    NEW_LOG("ERROR: Failed to run the last command -1")

enum { CWE = 79664946 }; /* bytes of SWI9X50C_01.09.04.00.cwe */

static struct mf_firehose f;
static size_t step; /* bytes of one read */

static void say(const char *text)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t length = strlen(text), at, count;

    for (at = 0; at < length; at += count) {
        count = length - at < step ? length - at : step;
        f.conversation.feed(&f.conversation, bytes + at, count);
    }
}

static void check_says(const char *document)
{
    struct mf_next next = next_of(&f);
    char text[MF_FIREHOSE_OUT + 1] = "";

    CHECK_EQUAL(next.want, MF_SEND);
    CHECK(next.length < sizeof text);
    if (next.want != MF_SEND || next.length >= sizeof text)
        return;
    memcpy(text, next.bytes, next.length);
    CHECK_TEXT(text, document);
    CHECK_EQUAL(next.image_length, 0);
    on_sent(&f);
}

static void check_waits(uint32_t ms)
{
    CHECK_EQUAL(next_of(&f).want, MF_RECEIVE);
    CHECK_EQUAL(next_of(&f).within_ms, ms);
}

static void check_done(void)
{
    CHECK_EQUAL(next_of(&f).want, MF_DONE);
}

static void check_failed(enum mf_firehose_failure failure)
{
    CHECK_EQUAL(next_of(&f).want, MF_FAILED);
    CHECK_EQUAL(f.failure, failure);
}

/* Whether the lines, each followed by "\n", are all of the log. */
static void check_logs(const char *lines)
{
    for (size_t i = 0; i < f.logs_length; i++)
        if (f.logs[i] == '\0')
            f.logs[i] = '\n';
    f.logs[f.logs_length] = '\0';
    CHECK_TEXT(f.logs, lines);
    f.logs_length = 0;
}

static void greet(const char *limits, const char *storage)
{
    mf_firehose_init(&f);
    CHECK(mf_firehose_greet(&f));
    check_says(PING_DOCUMENT);
    check_waits(10000);
    say(ACK);
    check_says(CONFIGURE_DOCUMENT);
    check_waits(10000);
    say(limits);
    check_says(STORAGE_DOCUMENT);
    check_waits(10000);
    say(storage);
}

static void greet_em7565(void)
{
    greet(LIMIT_NAK, SECTOR_4096 ACK);
    check_done();
    f.logs_length = 0;
}

static void check_range_is(uint64_t offset, uint32_t length, uint32_t padding)
{
    struct mf_next next = next_of(&f);

    CHECK_EQUAL(next.want, MF_SEND);
    CHECK_EQUAL(next.length, 0);
    CHECK_EQUAL(next.image_offset, offset);
    CHECK_EQUAL(next.image_length, length);
    CHECK_EQUAL(next.padding, padding);
    on_sent(&f);
}

static void check_zeros(void)
{
    static const uint8_t zero_block[512];
    struct mf_next next = next_of(&f);

    CHECK_EQUAL(next.want, MF_SEND);
    CHECK_EQUAL(next.length, sizeof zero_block);
    CHECK(memcmp(next.bytes, zero_block, sizeof zero_block) == 0);
    on_sent(&f);
}

/* An image of 5000 bytes up to the wait for its verdict: one block. */
static void send_small_image(void)
{
    CHECK(mf_firehose_image(&f, 5000, 8192));
    check_says(PROGRAM_DOCUMENT("64", "4096", "2"));
    say(RAW_ACK);
    check_range_is(0, 5000, 3192);
    check_zeros();
    check_waits(300000);
}

static void test_documents_have_the_lengths_of_libqmi(void)
{
    CHECK_EQUAL(strlen(PING_DOCUMENT), 77);
    CHECK_EQUAL(strlen(CONFIGURE_DOCUMENT), 247);
    CHECK_EQUAL(strlen(STORAGE_DOCUMENT), 105);
    CHECK_EQUAL(strlen(PROGRAM_DOCUMENT("64", "4096", "19450")), 215);
    CHECK_EQUAL(strlen(POWER_DOCUMENT), 99);
    CHECK_EQUAL(strlen(ACK), 79);
    CHECK_EQUAL(strlen(RAW_ACK), 94);
    CHECK_EQUAL(strlen(LIMIT_NAK), 237);
    CHECK_EQUAL(strlen(FUNCTIONS), 98);
    CHECK_EQUAL(strlen(NEW_ZEROS), 122 + 110);
}

static void test_em7565_is_greeted(void)
{
    greet(LIMIT_NAK, FUNCTIONS SECTOR_4096 LOG("PAGES_IN_BLOCK = 64") LOG("BAD_BLOCK=7") ACK);
    check_done();
    CHECK_EQUAL(f.max_payload, 8192);
    CHECK_EQUAL(f.sector_size, 4096);
    CHECK_EQUAL(f.pages_per_block, 64);
    check_logs("SWI supported functions: CWE\nSECTOR_SIZE_IN_BYTES = 4096\n"
               "TOTAL_SECTOR_SIZE_IN_BYTES= 1\nPAGES_IN_BLOCK = 64\nBAD_BLOCK=7\n");
}

static void test_loader_that_names_no_sizes(void)
{
    greet(ACK, "\r\n" NEW_LOG("INFO: &lt;&quot;x&quot;&gt; &amp;") "\r\n" ACK);
    check_done();
    CHECK_EQUAL(f.max_payload, 1048576);
    CHECK_EQUAL(f.sector_size, 4096);
    CHECK_EQUAL(f.pages_per_block, 64);
    check_logs("INFO: <\"x\"> &\n");
}

static void test_sizes_of_the_loader_are_used(void)
{
    greet(LIMIT_NAK, LOG(" sector_size_in_bytes=2048 ") LOG("Pages_In_Block = 32") ACK);
    check_done();
    CHECK(mf_firehose_image(&f, 5000, 4096));
    CHECK_EQUAL(f.range, 8192);
    check_says(PROGRAM_DOCUMENT("32", "2048", "3"));
    say(RAW_ACK);
    check_range_is(0, 5000, 1144);
}

static void test_senseless_sizes_end_it_before_the_program(void)
{
    greet(NAK, ACK); /* a refusal without a limit */
    check_failed(MF_FIREHOSE_LIMITS);
    greet(RESPONSE("\"NAK\" MaxPayloadSizeToTargetInBytes=\"2048\""), ACK);
    check_failed(MF_FIREHOSE_LIMITS);
    greet(RESPONSE("\"NAK\" MaxPayloadSizeToTargetInBytes=\"4294967295\""), ACK);
    check_failed(MF_FIREHOSE_LIMITS);
    greet(LIMIT_NAK, LOG("SECTOR_SIZE_IN_BYTES=1000") ACK);
    check_failed(MF_FIREHOSE_LIMITS);
    greet(LIMIT_NAK, LOG("SECTOR_SIZE_IN_BYTES=32768") ACK);
    check_failed(MF_FIREHOSE_LIMITS);
    greet(LIMIT_NAK, LOG("PAGES_IN_BLOCK=0") ACK);
    check_failed(MF_FIREHOSE_LIMITS);
}

static void test_whole_image_in_large_ranges(void)
{
    uint64_t offset = 0;

    greet_em7565();
    CHECK(mf_firehose_image(&f, CWE, 1048576));
    CHECK_EQUAL(f.range, 1048576);
    check_says(PROGRAM_DOCUMENT("64", "4096", "19450"));
    CHECK(!f.opened);
    say(RAW_ACK);
    CHECK(f.opened);
    for (; CWE - offset > f.range; offset += f.range)
        check_range_is(offset, f.range, 0);
    check_range_is(offset, (uint32_t)(CWE - offset), 2254);
    check_zeros();
    check_waits(300000);
    say(LOG("SWI CWE image processed OK") DONE_ACK);
    check_done();
    check_logs("SWI CWE image processed OK\n");
    CHECK_EQUAL(f.conversation.progress(&f.conversation).acknowledged, CWE);
}

static void test_ranges_are_whole_blocks(void)
{
    greet_em7565();
    CHECK(mf_firehose_image(&f, 20000, 10000));
    CHECK_EQUAL(f.range, 8192);
    check_says(PROGRAM_DOCUMENT("64", "4096", "5"));
    say(RAW_ACK);
    check_range_is(0, 8192, 0);
    check_range_is(8192, 8192, 0);
    check_range_is(16384, 3616, 480);
    check_zeros();
    say(DONE_ACK);
    check_done();
    CHECK(mf_firehose_image(&f, 4096, 1)); /* a whole sector */
    check_says(PROGRAM_DOCUMENT("64", "4096", "1"));
    say(RAW_ACK);
    check_range_is(0, 4096, 0);
    check_zeros();
}

static void test_nak_of_the_zeros_with_the_verdict(void)
{
    greet_em7565();
    send_small_image();
    say(DONE_ACK OLD_ZEROS NAK);
    check_done();
    send_small_image();
    say(OLD_ZEROS NAK DONE_ACK);
    check_done();
    check_logs("ERROR: XML not formed correctly. Expected a < character at loc 0\n"
               "ERROR: XML not formed correctly. Expected a < character at loc 0\n");
}

static void test_nak_of_the_zeros_with_the_next_command(void)
{
    greet_em7565();
    send_small_image();
    say(DONE_ACK);
    check_done();
    CHECK(mf_firehose_image(&f, 5000, 8192));
    for (int i = 0; i < 3; i++) { /* as often as it comes */
        check_says(PROGRAM_DOCUMENT("64", "4096", "2"));
        check_waits(10000);
        say(OLD_ZEROS NAK);
    }
    check_says(PROGRAM_DOCUMENT("64", "4096", "2"));
    say(RAW_ACK);
    check_range_is(0, 5000, 3192);
    check_zeros();
    say(DONE_ACK);
    check_done();
    CHECK(mf_firehose_power(&f));
    check_says(POWER_DOCUMENT);
    say(OLD_ZEROS NAK);
    check_says(POWER_DOCUMENT);
    say(LOG(" Requested POWER_RESET") ACK);
    check_done();
}

/* A program that is sent twice would be taken for image data. */
static void test_late_nak_of_the_zeros_before_the_program_is_sent(void)
{
    greet_em7565();
    send_small_image();
    say(DONE_ACK);
    CHECK(mf_firehose_image(&f, 5000, 8192));
    say(OLD_ZEROS NAK);
    check_says(PROGRAM_DOCUMENT("64", "4096", "2"));
    check_waits(10000);
    say(RAW_ACK);
    check_range_is(0, 5000, 3192);
}

static void test_new_loader_complains_without_a_nak(void)
{
    greet_em7565();
    send_small_image();
    say(NEW_ZEROS);
    check_waits(300000);
    say(DONE_ACK);
    check_done();
    send_small_image();
    say(DONE_NAK NEW_ZEROS); /* a real refusal */
    check_failed(MF_FIREHOSE_IMAGE_REFUSED);
}

static void test_endless_naks_of_zeros_end(void)
{
    greet_em7565();
    CHECK(mf_firehose_power(&f));
    for (int i = 0; i < 9; i++) {
        check_says(POWER_DOCUMENT);
        say(OLD_ZEROS NAK);
    }
    check_waits(10000);
}

static void test_program_is_refused_three_times(void)
{
    greet_em7565();
    CHECK(mf_firehose_image(&f, 5000, 8192));
    for (int i = 0; i < 3; i++) {
        check_says(PROGRAM_DOCUMENT("64", "4096", "2"));
        say(NAK);
    }
    check_failed(MF_FIREHOSE_REFUSED);
    CHECK(!f.opened);
}

static void test_ack_without_raw_mode_is_no_answer_to_a_program(void)
{
    greet_em7565();
    CHECK(mf_firehose_image(&f, 5000, 8192));
    check_says(PROGRAM_DOCUMENT("64", "4096", "2"));
    say(ACK DONE_ACK);
    check_waits(10000);
    say(RAW_ACK);
    CHECK(f.opened);
}

static void test_package_is_refused_at_the_end(void)
{
    greet_em7565();
    send_small_image();
    say(LOG("Package not compatible") DONE_NAK);
    check_failed(MF_FIREHOSE_IMAGE_REFUSED);
    check_logs("Package not compatible\n");
    CHECK(f.opened);
}

static void test_only_raw_mode_false_is_a_verdict(void)
{
    greet_em7565();
    send_small_image();
    say(ACK NAK RAW_ACK);
    check_waits(300000);
    say(DONE_ACK);
    check_done();
}

static void test_nak_in_the_middle_of_the_data(void)
{
    greet_em7565();
    CHECK(mf_firehose_image(&f, 20000, 8192));
    check_says(PROGRAM_DOCUMENT("64", "4096", "5"));
    say(RAW_ACK);
    check_range_is(0, 8192, 0);
    say(NAK);
    check_failed(MF_FIREHOSE_IMAGE_REFUSED);
}

static void test_end_of_raw_mode_in_the_middle_of_the_data(void)
{
    greet_em7565();
    CHECK(mf_firehose_image(&f, 20000, 8192));
    check_says(PROGRAM_DOCUMENT("64", "4096", "5"));
    say(RAW_ACK ACK LOG("INFO: x"));
    check_range_is(0, 8192, 0);
    say(DONE_ACK);
    check_failed(MF_FIREHOSE_UNEXPECTED);
}

static void test_verdict_before_the_zeros_are_sent(void)
{
    greet_em7565();
    CHECK(mf_firehose_image(&f, 5000, 8192));
    check_says(PROGRAM_DOCUMENT("64", "4096", "2"));
    say(RAW_ACK);
    check_range_is(0, 5000, 3192);
    say(DONE_ACK);
    check_zeros();
    check_done();
}

static void test_documents_that_are_cut_off(void)
{
    mf_firehose_init(&f);
    CHECK(mf_firehose_greet(&f));
    check_says(PING_DOCUMENT);
    say("x <?xml version=\"1.0\" ?>\n<data>\n<log value=\"lost\" ");
    say(ACK);
    check_says(CONFIGURE_DOCUMENT);
    check_logs("");
}

static void test_document_that_is_too_long(void)
{
    mf_firehose_init(&f);
    CHECK(mf_firehose_greet(&f));
    check_says(PING_DOCUMENT);
    say("<?xml ?><data><log value=\"");
    for (int i = 0; i < MF_DOCUMENT; i++)
        say("y");
    say("\"/></data>");
    say(ACK);
    check_says(CONFIGURE_DOCUMENT);
    check_logs("");
}

static void test_several_elements_of_one_document(void)
{
    mf_firehose_init(&f);
    CHECK(mf_firehose_greet(&f));
    check_says(PING_DOCUMENT);
    say(DOCUMENT("<log value='a > \"b\"'/><log other=\"1\" value = \"c\" />"
                 "<log/><log value=\"open><response value=\"ACK\" /></data>"));
    say(DOCUMENT("<response rawmode=\"false\" value=\"ACK\"/></data>"));
    check_says(CONFIGURE_DOCUMENT);
    check_logs("a > \"b\"\nc\nopen><response value=\n");
}

static void test_silence(void)
{
    mf_firehose_init(&f);
    CHECK(mf_firehose_greet(&f));
    check_says(PING_DOCUMENT);
    on_silence(&f);
    check_failed(MF_FIREHOSE_SILENT);

    greet_em7565();
    CHECK(mf_firehose_image(&f, 5000, 8192));
    for (int i = 0; i < 3; i++) {
        check_says(PROGRAM_DOCUMENT("64", "4096", "2"));
        on_silence(&f);
    }
    check_failed(MF_FIREHOSE_SILENT);

    greet_em7565();
    send_small_image();
    on_silence(&f);
    check_failed(MF_FIREHOSE_SILENT);

    greet_em7565();
    CHECK(mf_firehose_power(&f));
    for (int i = 0; i < 10; i++) {
        check_says(POWER_DOCUMENT);
        on_silence(&f);
    }
    check_failed(MF_FIREHOSE_SILENT);
}

static void test_what_answers_is_no_firehose(void)
{
    static const uint8_t hello[48] = {1, 0, 0, 0, 48};

    mf_firehose_init(&f);
    CHECK(mf_firehose_greet(&f));
    check_says(PING_DOCUMENT);
    say("OK\r\n");
    on_silence(&f);
    check_failed(MF_FIREHOSE_OTHER);
    CHECK_HEX(f.raw, f.raw_length, "4f 4b 0d 0a");

    mf_firehose_init(&f);
    CHECK(mf_firehose_greet(&f));
    check_says(PING_DOCUMENT);
    f.conversation.feed(&f.conversation, hello, sizeof hello);
    check_failed(MF_FIREHOSE_SAHARA);

    mf_firehose_init(&f);
    CHECK(mf_firehose_greet(&f));
    check_says(PING_DOCUMENT);
    say(NAK);
    check_failed(MF_FIREHOSE_REFUSED);
}

static void test_operations_one_after_the_other(void)
{
    mf_firehose_init(&f);
    CHECK(!mf_firehose_image(&f, 5000, 8192)); /* not greeted: no sizes are known */
    greet_em7565();
    CHECK(!mf_firehose_image(&f, 0, 8192));
    CHECK(mf_firehose_image(&f, 5000, 8192));
    CHECK(!mf_firehose_image(&f, 5000, 8192));
    CHECK(!mf_firehose_greet(&f) && !mf_firehose_power(&f));
}

static void test_logs_beyond_the_buffer_are_dropped(void)
{
    greet_em7565();
    for (int i = 0; i < 2000; i++)
        say(LOG("a line"));
    CHECK(f.logs_length > MF_FIREHOSE_LOGS - 7 && f.logs_length <= MF_FIREHOSE_LOGS);
    CHECK_EQUAL(f.logs[f.logs_length - 1], '\0');
}

int main(void)
{
    const size_t steps[] = {1, 13, 80, 4096};

    test_documents_have_the_lengths_of_libqmi();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        step = steps[i];
        test_em7565_is_greeted();
        test_loader_that_names_no_sizes();
        test_sizes_of_the_loader_are_used();
        test_senseless_sizes_end_it_before_the_program();
        test_whole_image_in_large_ranges();
        test_ranges_are_whole_blocks();
        test_nak_of_the_zeros_with_the_verdict();
        test_nak_of_the_zeros_with_the_next_command();
        test_late_nak_of_the_zeros_before_the_program_is_sent();
        test_new_loader_complains_without_a_nak();
        test_endless_naks_of_zeros_end();
        test_program_is_refused_three_times();
        test_ack_without_raw_mode_is_no_answer_to_a_program();
        test_package_is_refused_at_the_end();
        test_only_raw_mode_false_is_a_verdict();
        test_nak_in_the_middle_of_the_data();
        test_end_of_raw_mode_in_the_middle_of_the_data();
        test_verdict_before_the_zeros_are_sent();
        test_documents_that_are_cut_off();
        test_document_that_is_too_long();
        test_several_elements_of_one_document();
        test_silence();
        test_what_answers_is_no_firehose();
        test_operations_one_after_the_other();
        test_logs_beyond_the_buffer_are_dropped();
    }
    return check_result();
}
