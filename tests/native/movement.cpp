// Random numbers and moved data.
#include "check.h"

namespace {

// Random ------------------------------------------------------------------------------------------

struct Block {
    uint32_t word[4];
};

// One block of Philox 4x32-10, as the paper writes it.
Block philox(uint32_t k0, uint32_t k1, uint64_t counter) {
    Block c{{uint32_t(counter), uint32_t(counter >> 32), 0, 0}};
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t(0xD2511F53) * c.word[0], p1 = uint64_t(0xCD9E8D57) * c.word[2];
        c = {{uint32_t(p1 >> 32) ^ c.word[1] ^ k0, uint32_t(p1),
              uint32_t(p0 >> 32) ^ c.word[3] ^ k1, uint32_t(p0)}};
        k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    }
    return c;
}

std::vector<uint32_t> stream(uint32_t k0, uint32_t k1, int64_t words) {
    std::vector<uint32_t> made;
    for (int64_t i = 0; i < words; ++i) made.push_back(philox(k0, k1, uint64_t(i / 4)).word[i % 4]);
    return made;
}

// Movement ----------------------------------------------------------------------------------------

// A transposed (a, b, c) -> (a, c, b), by the strides of both.
template <class T>
void test_transpose(int64_t a, int64_t b, int64_t c) {
    std::vector<T> x(static_cast<size_t>(a * b * c));
    for (size_t i = 0; i < x.size(); ++i) x[i] = T(i * 7 + 1);
    std::vector<double> wanted;
    for (int64_t i = 0; i < a; ++i)
        for (int64_t k = 0; k < c; ++k)
            for (int64_t j = 0; j < b; ++j)
                wanted.push_back(double(x[size_t((i * b + j) * c + k)]));
    Test test{text_of("transpose %d x %d x %d of %d bytes", int(a), int(b), int(c), int(sizeof(T))),
              "strided_copy",
              {int64_t(sizeof(T)), 0, 0, 3, a, c, b, b * c, 1, c, b * c, b, 1},
              {},
              {Array::of(x)},
              {Array::empty<T>(a * b * c)}};
    test.run();
    expect_close(test.name, test.template result<T>(), wanted, 0, 1);
}

// Every other row, backwards, behind a gap.
void test_slice() {
    const int64_t rows = 11, width = 5;
    const auto x = noise(rows * width);
    Test test{"slice", "strided_copy", {4, 10 * width, width, 2, 6, width, -2 * width, 1, width, 1},
              {},      {Array::of(x)}, {Array::empty<float>(7 * width)}};
    test.run();
    const auto got = test.result<float>();
    std::vector<double> wanted;
    for (int64_t r = 10; r >= 0; r -= 2)
        wanted.insert(wanted.end(), x.begin() + r * width, x.begin() + (r + 1) * width);
    expect_close(test.name, std::vector<float>(got.begin() + width, got.end()), wanted, 0, 1);
    expect(std::isnan(got[0]) && std::isnan(got[4]), test.name, "wrote outside of its part");
}

template <class T>
void test_fill(int64_t count, T value) {
    int64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    Test test{text_of("fill of %d bytes", int(sizeof(T))),
              "fill",
              {int64_t(sizeof(T)), count, bits},
              {},
              {},
              {Array::empty<T>(count)}};
    test.run();
    expect_close(test.name, test.template result<T>(),
                 std::vector<double>(size_t(count), double(value)), 0, 1);
}

void test_rows(int64_t size, int64_t width, int64_t count) {
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < count; ++i) indices.push_back((i * 37 + 5) % (2 * size) - size);
    const auto table = noise(2 * size * width), rows = noise(count * width);
    std::vector<double> picked, sums(size_t(size * width), 0);
    for (int64_t o = 0; o < 2; ++o)
        for (int64_t index : indices) {
            const int64_t row = o * size + (index < 0 ? index + size : index);
            picked.insert(picked.end(), table.begin() + row * width,
                          table.begin() + (row + 1) * width);
        }
    for (int64_t i = 0; i < count; ++i)
        for (int64_t k = 0; k < width; ++k)
            sums[size_t((indices[size_t(i)] + size) % size * width + k)] +=
                rows[size_t(i * width + k)];
    Test pick{text_of("gather %d of %d", int(count), int(size)),
              "gather",
              {1, 2, size, 4 * width, count, 8, 0},
              {},
              {Array::of(table), Array::of(indices)},
              {Array::empty<float>(2 * count * width)}};
    pick.run();
    expect_close(pick.name, pick.result<float>(), picked, 0, 1);
    Test add{text_of("scatter_rows %d to %d", int(count), int(size)),
             "scatter_rows",
             {0, 1, 1, size, width, count, 8},
             {},
             {Array::of(rows), Array::of(indices)},
             {Array::empty<float>(size * width)}};
    add.run();
    expect_close(add.name, add.result<float>(), sums, 1e-6);
    for (int64_t wrong : {size, -size - 1}) {
        Test test{"gather out of bounds",
                  "gather",
                  {1, 1, size, 4 * width, 1, 8, 0},
                  {},
                  {Array::of(table), Array::of(std::vector<int64_t>{wrong})},
                  {Array::empty<float>(width)}};
        test.run();
        expect(test.error != nullptr, test.name, "no error");
    }
}

}  // namespace

void test_random() {
    // a known answer of the paper's own program: key and counter zero
    const Block known = philox(0, 0, 0);
    expect(known.word[0] == 0x6627e8d5 && known.word[1] == 0xe169c58d &&
               known.word[2] == 0xbc57ac4c && known.word[3] == 0x9b00dbd8,
           "philox", "the reference itself is wrong");
    const uint32_t k0 = 0xdeadbeef, k1 = 12345;
    const Array key = Array::of(std::vector<uint32_t>{k0, k1});
    for (int64_t count : {1, 3, 255, 257, 20001}) {
        const auto words = stream(k0, k1, 2 * count);
        Test bits{text_of("random_bits %d", int(count)), "random_bits", {count}, {}, {key},
                  {Array::empty<uint32_t>(count)}};
        bits.run();
        expect(
            bits.result<uint32_t>() == std::vector<uint32_t>(words.begin(), words.begin() + count),
            bits.name, "other words");
        std::vector<double> narrow, wide;
        for (int64_t i = 0; i < count; ++i) {
            narrow.push_back((words[size_t(i)] >> 8) * 0x1p-24);
            const uint64_t pair = uint64_t(words[size_t(2 * i)]) << 32 | words[size_t(2 * i + 1)];
            wide.push_back(double(pair >> 11) * 0x1p-53);
        }
        Test uniform{text_of("random_uniform %d", int(count)),
                     "random_uniform",
                     {count},
                     {},
                     {key},
                     {Array::empty<float>(count)}};
        uniform.run();
        expect_close(uniform.name, uniform.result<float>(), narrow, 0, 1);
        Test doubles{text_of("random_uniform64 %d", int(count)),
                     "random_uniform64",
                     {count},
                     {},
                     {key},
                     {Array::empty<double>(count)}};
        doubles.run();
        expect_close(doubles.name, doubles.result<double>(), wide, 0, 1);
    }
    Test fold{"fold_in",
              "fold_in",
              {},
              {},
              {key, Array::of(std::vector<int64_t>{0x1234567890})},
              {Array::empty<uint32_t>(2)}};
    fold.run();
    const Block wanted = philox(k0, k1, 0x1234567890);
    expect(fold.result<uint32_t>() == std::vector<uint32_t>{wanted.word[0], wanted.word[1]},
           fold.name, "another key");
}

void test_movement() {
    const int64_t shapes[][3] = {{1, 1, 1}, {2, 3, 5}, {1, 16, 16}, {3, 17, 33}, {2, 200, 130}};
    for (const auto &[a, b, c] : shapes) {
        test_transpose<uint8_t>(a, b, c);
        test_transpose<uint16_t>(a, b, c);
        test_transpose<float>(a, b, c);
        test_transpose<double>(a, b, c);
    }
    test_slice();
    test_fill<float>(40001, 2.5f);
    test_fill<double>(7, -3);
    test_fill<uint8_t>(100003, 0);
    const auto x = noise(100003);
    Test copy{"copy_bytes", "copy_bytes",   {4 * 100003},
              {},           {Array::of(x)}, {Array::empty<float>(100003)}};
    copy.run();
    expect_close(copy.name, copy.result<float>(), widen(x), 0, 1);
    test_rows(3, 5, 4);
    test_rows(1000, 33, 900);
}
