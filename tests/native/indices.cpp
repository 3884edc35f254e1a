// Rows by index: picked, put, added, reduced by segment; and frames, whose place the run tells.
#include "check.h"

namespace {

using Indices = std::vector<int64_t>;

// `count` indices in low <= index < high.
Indices drawn(int64_t count, int64_t low, int64_t high) {
    Indices made;
    for (double u : noise<double>(count, 0, 1))
        made.push_back(low + int64_t(u * double(high - low)));
    return made;
}
// Whole numbers, so that sums are exact in any order.
std::vector<float> whole(int64_t count) {
    std::vector<float> made = noise(count, -9, 9);
    for (float &x : made) x = std::floor(x);
    return made;
}
double at(const std::vector<float> &x, int64_t i) { return double(x[size_t(i)]); }

Test run(const char *kernel, std::vector<int64_t> ints, std::vector<Array> inputs,
         std::vector<Array> outputs, const std::string &sizes) {
    Test test{kernel + (" " + sizes), kernel, std::move(ints), {}, std::move(inputs),
              std::move(outputs)};
    test.run();
    return test;
}
void expect_floats(const Test &test, const std::vector<double> &wanted) {
    expect_close(test.name, test.result<float>(), wanted, 0, 1);
}

void test_batches(int64_t batch, int64_t before, int64_t size, int64_t width, int64_t count) {
    const std::string sizes =
        text_of("%d x %d x %d x %d", int(batch), int(before), int(size), int(width));
    const auto x = whole(batch * before * size * width);
    const Indices index = drawn(batch * count, -size, size),
                  ids = drawn(batch * count, -3, size + 3);
    std::vector<double> picked, or_zeros, sums(x.size());
    for (int64_t b = 0; b < batch; ++b)
        for (int64_t q = 0; q < before; ++q)
            for (int64_t i = 0; i < count; ++i)
                for (int64_t k = 0; k < width; ++k) {
                    const int64_t table = (b * before + q) * size, id = ids[size_t(b * count + i)];
                    const int64_t row = (index[size_t(b * count + i)] + size) % size;
                    picked.push_back(at(x, (table + row) * width + k));
                    or_zeros.push_back(id < 0 || id >= size ? 0 : at(x, (table + id) * width + k));
                    sums[size_t((table + row) * width + k)] += picked.back();
                }
    const Array rows = Array::empty<float>(int64_t(picked.size()));
    std::vector<int64_t> ints{batch, before, size, 4 * width, count, 8, 0};
    expect_floats(run("gather", ints, {Array::of(x), Array::of(index)}, {rows}, sizes), picked);
    ints[6] = 1;
    expect_floats(run("gather", ints, {Array::of(x), Array::of(ids)}, {rows}, sizes), or_zeros);
    const Array given = Array::of(std::vector<float>(picked.begin(), picked.end()));
    expect_floats(run("scatter_rows", {0, batch, before, size, width, count, 8},
                      {given, Array::of(index)}, {Array::empty<float>(int64_t(x.size()))}, sizes),
                  sums);
}

void test_lines(int64_t outer, int64_t size, int64_t inner) {
    const std::string sizes = text_of("%d x %d x %d", int(outer), int(size), int(inner));
    const auto x = whole(outer * size * inner);
    const Indices places = drawn(int64_t(x.size()), -size, size);
    std::vector<double> picked, sums(x.size());
    for (int64_t i = 0; i < int64_t(x.size()); ++i) {
        const int64_t line = i / (size * inner) * size, place = (places[size_t(i)] + size) % size;
        const int64_t from = (line + place) * inner + i % inner;
        picked.push_back(at(x, from));
        sums[size_t(from)] += at(x, i);
    }
    const Array like = Array::empty<float>(int64_t(x.size())), positions = Array::of(places);
    expect_floats(
        run("pick_along", {4, outer, size, size, inner}, {Array::of(x), positions}, {like}, sizes),
        picked);
    expect_floats(
        run("add_along", {0, outer, size, size, inner}, {Array::of(x), positions}, {like}, sizes),
        sums);
}

void test_puts(int64_t size, int64_t width, int64_t count) {
    const std::string sizes = text_of("%d of %d x %d", int(count), int(size), int(width));
    const auto table = whole(size * width), drawn_rows = whole(count * width);
    const Indices index = drawn(count, -size, size);
    std::vector<float> rows;  // one for each index, and the same where that occurs again
    std::vector<double> wanted = widen(table);
    for (int64_t i : index)
        for (int64_t k = 0; k < width; ++k) {
            rows.push_back(drawn_rows[size_t((i + size) % size % count * width + k)]);
            wanted[size_t((i + size) % size * width + k)] = double(rows.back());
        }
    expect_floats(run("put_rows", {size, 4 * width, count, 8},
                      {Array::of(table), Array::of(index), Array::of(rows)},
                      {Array::empty<float>(size * width)}, sizes),
                  wanted);
    wanted = widen(table);
    for (int64_t k = 0; k < width; ++k) wanted[size_t((size - 1) * width + k)] = at(rows, k);
    expect_floats(run("array_write", {size, 4 * width, 8},
                      {Array::of(table), Array::of(Indices{size - 1}), Array::of(rows)},
                      {Array::empty<float>(size * width)}, sizes),
                  wanted);
}

// What several rows make: sums, products, the largest, the smallest.
double joined(int64_t kind, double a, double b) {
    return kind == 0 ? a + b : kind == 1 ? a * b : kind == 2 ? std::fmax(a, b) : std::fmin(a, b);
}

void test_segments(int64_t segments, int64_t width, int64_t count) {
    const std::string sizes = text_of("%d to %d x %d", int(count), int(segments), int(width));
    const auto data = whole(count * width);
    const Indices ids = drawn(count, -2, segments + 2);
    std::vector<double> counts(static_cast<size_t>(segments));
    for (int64_t id : ids)
        if (id >= 0 && id < segments) ++counts[size_t(id)];
    const Test counted = run("count_ids", {segments, count, 8, 0}, {Array::of(ids)},
                             {Array::empty<int64_t>(segments)}, sizes);
    expect_close(counted.name, counted.result<int64_t>(), counts, 0, 1);
    for (int64_t kind : {0, 2, 3}) {
        std::vector<double> wanted(size_t(segments * width), 7);  // of a segment without members
        std::vector<bool> is_met(static_cast<size_t>(segments));
        for (int64_t i = 0; i < count; ++i) {
            const int64_t id = ids[size_t(i)];
            if (id < 0 || id >= segments) continue;
            for (int64_t k = 0; k < width; ++k) {
                double &result = wanted[size_t(id * width + k)];
                const double row = at(data, i * width + k);
                result = is_met[size_t(id)] ? joined(kind, result, row) : row;
            }
            is_met[size_t(id)] = true;
        }
        const float empty = 7;
        int64_t bits = 0;
        std::memcpy(&bits, &empty, sizeof empty);
        expect_floats(run("segment_reduce", {0, kind, segments, width, count, 8, bits},
                          {Array::of(data), Array::of(ids)},
                          {Array::empty<float>(segments * width)}, sizes),
                      wanted);
    }
}

void test_meetings(int64_t width, int64_t count, int64_t size) {
    const std::string sizes = text_of("%d of %d x %d", int(count), int(size), int(width));
    const auto rows = whole(count * width);
    const Indices index = drawn(count, -size, size);
    const Array given = Array::of(rows), indices = Array::of(index),
                like = Array::empty<float>(count * width);
    for (int64_t kind : {0, 2, 3, 4, 5}) {  // the last of each index, and only the last
        std::vector<double> wanted;
        for (int64_t i = 0; i < count; ++i)
            for (int64_t k = 0; k < width; ++k) {
                double result = 0;
                bool is_met = false, is_last = true;
                for (int64_t j = 0; j < count; ++j) {
                    if ((index[size_t(j)] - index[size_t(i)]) % size) continue;
                    const double row = at(rows, j * width + k);
                    result = is_met && kind < 4 ? joined(kind, result, row) : row;
                    is_met = true, is_last = j == i;
                }
                wanted.push_back(kind == 5 && !is_last ? 0 : result);
            }
        const bool is_last = kind >= 4;
        const Test test = run(is_last ? "last_rows" : "combine_rows",
                              is_last ? Indices{4 * width, kind == 4, size, 0, count, 8}
                                      : Indices{0, kind, size, width, count, 8},
                              {given, indices}, {like}, sizes);
        expect_floats(test, wanted);
    }
}

void test_vectors() {
    const int64_t batch = 3, each = 5, sizes[2] = {4, 6};
    std::vector<int32_t> vectors;
    std::vector<double> flat, hot;
    for (int64_t i = 0; i < batch * each; ++i) {
        const int64_t a = i * 7 % 4, b = i * 5 % 6;
        vectors.push_back(int32_t(i % 2 ? a - 4 : a));
        vectors.push_back(int32_t(i % 3 ? b : b - 6));
        flat.push_back(double((i / each * sizes[0] + a) * sizes[1] + b));
    }
    const Test test = run("flat_index", {4, batch * each, each, 2, sizes[0], sizes[1]},
                          {Array::of(vectors)}, {Array::empty<int64_t>(batch * each)}, "of pairs");
    expect_close(test.name, test.result<int64_t>(), flat, 0, 1);
    for (int64_t o = 0; o < batch; ++o)
        for (int64_t d = 0; d < 5; ++d)
            for (int64_t i = 0; i < 2 * each; ++i)
                hot.push_back(vectors[size_t(o * 2 * each + i)] == d ? 3 : 1);
    const Test one = run("one_hot", {2, batch, 5, 2 * each, 4, 3, 1}, {Array::of(vectors)},
                         {Array::empty<uint16_t>(batch * 10 * each)}, "of 16 bits");
    expect_close(one.name, one.result<uint16_t>(), hot, 0, 1);
}

// Frames of 3 x 5 over 4 x 4 rows of 2, at all places near and far.
void test_frames(int64_t edge) {
    const auto x = whole(2 * 4 * 4 * 2);
    for (int64_t down = -6; down <= 6; ++down)
        for (int64_t right = -6; right <= 6; ++right) {
            std::vector<double> wanted;
            for (int64_t n = 0; n < 2; ++n)
                for (int64_t i = 0; i < 3; ++i)
                    for (int64_t j = 0; j < 5; ++j)
                        for (int64_t c = 0; c < 2; ++c) {
                            int64_t a = i + down, b = j - right;
                            if (edge == 1) a = std::min<int64_t>(std::max<int64_t>(a, 0), 3);
                            if (edge == 1) b = std::min<int64_t>(std::max<int64_t>(b, 0), 3);
                            if (edge == 2) a = (a + 8) % 4, b = (b + 8) % 4;
                            const bool is_there = a >= 0 && a < 4 && b >= 0 && b < 4;
                            wanted.push_back(is_there ? at(x, ((n * 4 + a) * 4 + b) * 2 + c) : 0);
                        }
            const Test test = run("frame", {edge, 8, 8, 3, 2, 2, -1, 1, 4, 3, 1, 1, 4, 5, 0, -1},
                                  {Array::of(x), Array::of(Indices{right, down})},
                                  {Array::empty<float>(int64_t(wanted.size()))},
                                  text_of("at %d, %d, edge %d", int(down), int(right), int(edge)));
            expect_floats(test, wanted);
        }
    const Test part = run("frame", {3, 4, 8, 1, 5, 3, 0, 1},
                          {Array::of(whole(5)), Array::of(Indices{3})}, {Array::empty<float>(3)},
                          "of a part that is not there");
    expect(part.error != nullptr, part.name, "no error");
}

void test_sequences(bool time_first) {
    const int64_t a = 2, n = 5, b = 3, m = 4, time = time_first ? n : m;
    const auto x = whole(a * n * b * m);
    Indices lengths;
    for (int64_t i = 0; i < (time_first ? m : n); ++i) lengths.push_back(i % (time + 1));
    std::vector<double> wanted;
    for (int64_t i = 0; i < a * n * b; ++i)
        for (int64_t j = 0; j < m; ++j) {
            const int64_t k = i / b % n, step = time_first ? k : j, entry = time_first ? j : k;
            const int64_t from = step < lengths[size_t(entry)] ? lengths[size_t(entry)] - 1 - step
                                                               : step;
            const int64_t row = time_first ? (i / (n * b) * n + from) * b + i % b : i;
            wanted.push_back(at(x, row * m + (time_first ? j : from)));
        }
    expect_floats(run("reverse_sequence", {4, a, n, b, m, time_first, 8},
                      {Array::of(x), Array::of(lengths)}, {Array::empty<float>(int64_t(x.size()))},
                      time_first ? "by columns" : "by rows"),
                  wanted);
}

}  // namespace

void test_indices() {
    test_batches(1, 1, 1, 1, 1);
    test_batches(3, 2, 5, 1, 7);
    test_batches(2, 4, 9, 33, 40);
    test_batches(1, 2, 2000, 17, 300);
    for (int64_t inner : {1, 7}) test_lines(30, 11, inner);
    test_puts(1, 1, 1);
    test_puts(50, 3, 90);
    test_puts(700, 200, 40);
    test_segments(1, 1, 1);
    test_segments(9, 5, 0);
    test_segments(60, 17, 500);
    test_segments(300, 100, 900);
    test_meetings(1, 1, 1);
    test_meetings(3, 70, 9);
    test_meetings(300, 90, int64_t(1) << 40);
    test_vectors();
    for (int64_t edge : {0, 1, 2}) test_frames(edge);
    for (bool time_first : {true, false}) test_sequences(time_first);
}
