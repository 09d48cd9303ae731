// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "check.h"
#include "cwe_builder.h"
#include "protocol/crc.h"
#include "protocol/cwe.h"
#include "vector.h"

enum { GOLDEN = 602, UNPROTECTED_FROM = 0x10c, UNPROTECTED_TO = 0x190 };

static struct mf_cwe cwe;

/* --- verifying ------------------------------------------------------------------------------- */

static bool verify_split(const uint8_t *bytes, size_t length, size_t first, size_t step)
{
    mf_cwe_init(&cwe);
    mf_cwe_feed(&cwe, bytes, first);
    for (size_t at = first; at < length; at += step)
        mf_cwe_feed(&cwe, bytes + at, step < length - at ? step : length - at);
    return mf_cwe_finish(&cwe);
}

static bool verify(const uint8_t *bytes, size_t length)
{
    return verify_split(bytes, length, length, length);
}

static void check_only_problem(enum mf_cwe_problem_kind kind, uint64_t offset)
{
    CHECK(!verify(image, image_length));
    CHECK_EQUAL(cwe.problem_count, 1);
    CHECK_EQUAL(cwe.problems[0].kind, kind);
    CHECK_EQUAL(cwe.problems[0].offset, offset);
}

/* --- golden data ----------------------------------------------------------------------------- */

static void check_golden_record(void)
{
    const struct mf_cwe_record *record = &cwe.records[0];

    CHECK_EQUAL(cwe.record_count, 1);
    CHECK_EQUAL(record->offset, 0);
    CHECK_EQUAL(record->depth, 0);
    CHECK_EQUAL(record->header_crc, MF_CWE_OK);
    CHECK_EQUAL(record->image_crc, MF_CWE_OK);
    CHECK_EQUAL(record->computed_crc, 0x2c89290d);
    CHECK_TEXT(record->header.type, "NVUP");
    CHECK_TEXT(record->header.product, "9x30");
    CHECK_TEXT(record->header.version, "9999999_9901234_SWI9X30C_02.05.03.00_00_DisableB5_1_000");
    CHECK_TEXT(record->header.date, "12/08/15");
    CHECK_EQUAL(record->header.image_size, 202);
    CHECK_EQUAL(record->header.crc_indicator, 0x474f4f44);
    CHECK_EQUAL(record->header.compatibility, 1);
    CHECK_EQUAL(record->header.signature, 0x50617273);
    CHECK_EQUAL(record->header.package_code, 0);
}

static void test_golden_object(void)
{
    uint8_t golden[GOLDEN + 1];
    size_t length = read_vector("tests/vectors/cwe-nvup-disableb5.txt", golden, sizeof golden);

    CHECK_EQUAL(length, GOLDEN);
    CHECK(verify_split(golden, length, 0, 1));
    check_golden_record();
    for (size_t split = 0; split <= length; split++) {
        CHECK(verify_split(golden, length, split, length));
        check_golden_record();
    }
}

/* The outer headers of real settings: SPRINT of a carrier, Lenovo of an OEM; parsecwe, makenvup. */
static void test_file_header(void)
{
    static const struct {
        const char *prefix;
        uint32_t crc, size;
        uint8_t code;
    } real[] = {
        {"01 02 00 00 00 00 01 90 00 00 2b 40 46 55 4c 4c", 0x82d92888, 11072, 2},
        {"01 03 00 00 00 00 01 90 00 00 2e c8 46 55 4c 4c", 0x69d98b86, 11976, 3},
    };
    struct mf_cwe_header header;

    for (size_t i = 0; i < sizeof real / sizeof *real; i++) {
        image_length = 0;
        begin_record("SPKG");
        hex_bytes(image, 16, real[i].prefix);
        put_u32(0x100, real[i].crc);
        put_u32(0x114, real[i].size);
        CHECK(mf_cwe_parse(&header, image));
        CHECK_EQUAL(header.package_code, real[i].code);
        CHECK_EQUAL(header.image_size, real[i].size);
    }
}

/* --- structure ------------------------------------------------------------------------------- */

static void check_package_tree(void)
{
    static const struct {
        const char *type;
        unsigned depth, offset;
    } tree[] = {{"SPKG", 0, 0},    {"BOOT", 1, 400},  {"SBL1", 2, 800}, {"MODM", 1, 1270},
                {"FILE", 1, 2071}, {"FILE", 2, 2471}, {"NVUP", 3, 2871}};

    CHECK_EQUAL(cwe.record_count, sizeof tree / sizeof *tree);
    for (size_t i = 0; i < sizeof tree / sizeof *tree; i++) {
        CHECK_TEXT(cwe.records[i].header.type, tree[i].type);
        CHECK_EQUAL(cwe.records[i].depth, tree[i].depth);
        CHECK_EQUAL(cwe.records[i].offset, tree[i].offset);
        CHECK_EQUAL(cwe.records[i].image_crc, MF_CWE_OK);
    }
    CHECK_EQUAL(cwe.crc, mf_crc32(MF_CRC32_EMPTY, image, image_length));
    CHECK_EQUAL(cwe.position, image_length);
}

static void test_tree(void)
{
    build_package();
    CHECK(verify_split(image, image_length, 0, 1));
    check_package_tree();
    for (size_t split = 0; split <= image_length; split++) {
        CHECK(verify_split(image, image_length, split, image_length));
        check_package_tree();
    }
}

static void test_leaf_data_is_no_header(void)
{
    size_t outer;

    image_length = 0;
    outer = begin_record("APPL");
    memset(image + image_length, 0, 500); /* zeros alone say nothing */
    image_length += 500;
    end_record(outer);
    CHECK(verify(image, image_length));
    CHECK_EQUAL(cwe.record_count, 1);

    put_u32(outer + MF_CWE_HEADER + 0x100, 0xf2697aa7); /* zeros with their CRC do */
    end_record(outer);
    CHECK(!verify(image, image_length));
    CHECK_EQUAL(cwe.record_count, 2);
    CHECK_EQUAL(cwe.problems[0].kind, MF_CWE_UNKNOWN_REVISION);
}

static void test_damaged_child_header_is_leaf_data(void)
{
    size_t outer;

    image_length = 0;
    outer = begin_record("SPKG");
    put_leaf("BOOT", 50);
    image[MF_CWE_HEADER + 0x100] ^= 1;
    end_record(outer);
    CHECK(verify(image, image_length));
    CHECK_EQUAL(cwe.record_count, 1);
}

/* --- what can be wrong ----------------------------------------------------------------------- */

static void test_wrong_fields(void)
{
    static const struct {
        size_t at;
        uint32_t value;
        enum mf_cwe_problem_kind kind;
    } wrong[] = {
        {0x000, 1, MF_CWE_BAD_HEADER_CRC},         {0x104, 4, MF_CWE_UNKNOWN_REVISION},
        {0x108, 0, MF_CWE_UNKNOWN_INDICATOR},      {0x118, 1, MF_CWE_BAD_IMAGE_CRC},
        {0x10c, 0x53505c80, MF_CWE_NOT_PRINTABLE}, {0x16c, 'x', MF_CWE_NOT_PRINTABLE},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        build_package();
        put_u32(wrong[i].at, wrong[i].value);
        check_only_problem(wrong[i].kind, 0);
    }
}

static void test_indicators(void)
{
    static const char *const known[] = {"GOOD", "NOPE", "\xff\xff\xff\xff"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        build_package();
        put_text(0x108, known[i]);
        CHECK(verify(image, image_length));
        image[image_length - 1] ^= 1; /* whatever it says, the CRC counts */
        CHECK(!verify(image, image_length));
    }
}

static void test_not_cwe(void)
{
    image_length = 0;
    put_noise(1000);
    check_only_problem(MF_CWE_NOT_CWE, 0);
    CHECK_EQUAL(cwe.record_count, 0);
}

static void test_empty(void)
{
    size_t outer;

    image_length = 0;
    outer = begin_record("SPKG");
    put_leaf("BOOT", 0);
    put_leaf("APPL", 10);
    end_record(outer);
    check_only_problem(MF_CWE_EMPTY, MF_CWE_HEADER);
    CHECK_EQUAL(cwe.record_count, 3);
}

static void test_truncated_at_every_length(void)
{
    build_package();
    for (size_t length = 0; length < image_length; length++) {
        CHECK(!verify(image, length));
        CHECK_EQUAL(cwe.problems[0].kind, MF_CWE_TRUNCATED);
        CHECK_EQUAL(cwe.problems[0].offset, length);
    }
}

static void test_trailing_bytes(void)
{
    size_t end;

    build_package();
    end = image_length;
    put_noise(1);
    check_only_problem(MF_CWE_TRAILING_BYTES, end);
    put_noise(5000);
    check_only_problem(MF_CWE_TRAILING_BYTES, end);
}

static void test_beyond_parent(void)
{
    static const uint32_t sizes[] = {101, 0x7fffffff, 0xffffffff};
    size_t outer;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        image_length = 0;
        outer = begin_record("SPKG");
        put_leaf("BOOT", 100);
        put_u32(MF_CWE_HEADER + 0x114, sizes[i]);
        end_record(outer);
        check_only_problem(MF_CWE_BEYOND_PARENT, MF_CWE_HEADER);
        CHECK_EQUAL(cwe.records[0].image_crc, MF_CWE_OK);
        CHECK_EQUAL(cwe.records[1].image_crc, MF_CWE_UNCHECKED);
    }
}

static void test_depth(void)
{
    size_t records[MF_CWE_DEPTH + 1];

    for (size_t depth = MF_CWE_DEPTH; depth <= MF_CWE_DEPTH + 1; depth++) {
        image_length = 0;
        for (size_t i = 0; i < depth; i++)
            records[i] = begin_record("FILE");
        put_noise(20);
        for (size_t i = depth; i-- > 0;)
            end_record(records[i]);
        if (depth == MF_CWE_DEPTH)
            CHECK(verify(image, image_length));
        else
            check_only_problem(MF_CWE_TOO_DEEP, MF_CWE_DEPTH * MF_CWE_HEADER);
        CHECK_EQUAL(cwe.record_count, MF_CWE_DEPTH);
    }
}

static void test_count(void)
{
    size_t outer;

    image_length = 0;
    outer = begin_record("SPKG");
    for (int i = 1; i < MF_CWE_RECORDS; i++)
        put_leaf("FILE", 1);
    end_record(outer);
    CHECK(verify(image, image_length));
    put_leaf("FILE", 1);
    end_record(outer);
    check_only_problem(MF_CWE_TOO_MANY, image_length - MF_CWE_HEADER - 1);
    CHECK_EQUAL(cwe.record_count, MF_CWE_RECORDS);
}

static void test_problems_are_bounded(void)
{
    size_t outer;

    image_length = 0;
    outer = begin_record("SPKG");
    for (int i = 0; i < MF_CWE_PROBLEMS + 5; i++)
        put_leaf("FILE", 0);
    end_record(outer);
    CHECK(!verify(image, image_length));
    CHECK_EQUAL(cwe.problem_count, MF_CWE_PROBLEMS + 5);
}

/* Type, product, texts, date and addresses of the outermost header are under no CRC. */
static bool is_protected(size_t at)
{
    bool size_or_crc = at >= 0x114 && at < 0x11c;

    return at < UNPROTECTED_FROM || at >= UNPROTECTED_TO || size_or_crc;
}

static void test_single_bits(void)
{
    build_package();
    for (size_t at = 0; at < image_length; at++)
        for (int bit = 0; is_protected(at) && bit < 8; bit++) {
            image[at] ^= (uint8_t)(1 << bit);
            CHECK(!verify(image, image_length));
            image[at] ^= (uint8_t)(1 << bit);
        }
    CHECK(verify(image, image_length));
}

static void test_random_corruptions(void)
{
    static uint8_t whole[CAPACITY];

    build_package();
    memcpy(whole, image, image_length);
    for (int turn = 0; turn < 10000; turn++) {
        for (unsigned left = 2 + next_random() % 30; left > 0;) {
            size_t at = next_random() % image_length;

            if (!is_protected(at))
                continue;
            image[at] = (uint8_t)next_random();
            left--;
        }
        CHECK(memcmp(whole, image, image_length) == 0 || !verify(image, image_length));
        memcpy(image, whole, image_length);
    }
}

/* Nothing that follows makes an image of a file that begins otherwise, or goes on after its image. */
static void test_permanent_problems(void)
{
    build_package();
    mf_cwe_init(&cwe);
    for (size_t at = 0; at < image_length; at++) {
        mf_cwe_feed(&cwe, image + at, 1);
        CHECK(!mf_cwe_is_permanent(&cwe));
    }
    mf_cwe_feed(&cwe, image, 1);
    CHECK(mf_cwe_is_permanent(&cwe));
    memset(image, 0, MF_CWE_HEADER);
    mf_cwe_init(&cwe);
    mf_cwe_feed(&cwe, image, MF_CWE_HEADER - 1);
    CHECK(!mf_cwe_is_permanent(&cwe));
    mf_cwe_feed(&cwe, image, 1);
    CHECK(mf_cwe_is_permanent(&cwe));
}

int main(void)
{
    test_golden_object();
    test_file_header();
    test_tree();
    test_leaf_data_is_no_header();
    test_damaged_child_header_is_leaf_data();
    test_wrong_fields();
    test_indicators();
    test_not_cwe();
    test_empty();
    test_truncated_at_every_length();
    test_trailing_bytes();
    test_beyond_parent();
    test_depth();
    test_count();
    test_problems_are_bounded();
    test_single_bits();
    test_random_corruptions();
    test_permanent_problems();
    return check_result();
}
