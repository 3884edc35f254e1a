// Lines that are scanned, sorted and searched; products of other types; sums of neighbours; checks.
#include "check.h"

#include <algorithm>
#include <numeric>

namespace {

template <class T> constexpr int64_t TYPE = -1;  // numbers of elementwise_ops.h
template <> constexpr int64_t TYPE<float> = 0;
template <> constexpr int64_t TYPE<double> = 1;
template <> constexpr int64_t TYPE<int32_t> = 2;
template <> constexpr int64_t TYPE<uint8_t> = 5;

template <class T> std::vector<T> whole(int64_t count, int64_t low, int64_t high) {
    std::vector<T> made;
    for (double u : noise<double>(count, 0, 1))
        made.push_back(T(low + int64_t(u * double(high - low))));
    return made;
}
template <class T> Array like(const std::vector<T> &x) {
    return Array::empty<T>(int64_t(x.size()));
}

// Scans -------------------------------------------------------------------------------------------

template <class T> void test_scans(int64_t outer, int64_t length, int64_t inner, bool reverse) {
    const std::string sizes =
        text_of("%d x %d x %d of type %d", int(outer), int(length), int(inner), int(TYPE<T>));
    const auto x = whole<T>(outer * length * inner, 0, 4), a = whole<T>(int64_t(x.size()), 0, 2);
    std::vector<double> sums(x.size()), before(x.size()), states(x.size()), places(x.size()),
        logs(x.size());
    for (int64_t line = 0; line < outer * inner; ++line) {
        double sum = 0, state = 1, exponentials = 0;
        int64_t best = -1;
        for (int64_t k = 0; k < length; ++k) {
            const int64_t entry = reverse ? length - 1 - k : k;
            const auto place = [&](int64_t e) {
                return size_t((line / inner * length + e) * inner + line % inner);
            };
            const size_t i = place(entry);
            before[i] = sum, states[i] = state;
            sum += double(x[i]), state = double(T(double(x[i]) + double(a[i]) * state));
            sums[i] = sum;
            if (best < 0 || x[i] > x[place(best)]) best = entry;
            places[i] = double(best);
            logs[i] = std::log(exponentials += std::exp(double(x[i])));
        }
    }
    const std::vector<int64_t> ints{TYPE<T>, outer, length, inner, reverse};
    const auto scanned = [&](const char *kernel, std::vector<int64_t> more,
                             std::vector<Array> inputs, Array y) {
        Test test{kernel + (" " + sizes), kernel, ints, {1}, std::move(inputs), {std::move(y)}};
        test.ints.insert(test.ints.end(), more.begin(), more.end());
        test.run();
        return test;
    };
    const Array xs = Array::of(x);
    const Test all = scanned("cumulative_sum", {0}, {xs}, like(x)),
               but_own = scanned("cumulative_sum", {1}, {xs}, like(x));
    expect_close(all.name, all.template result<T>(), sums, 0, 1);
    expect_close(but_own.name, but_own.template result<T>(), before, 0, 1);
    const Test recurrence = scanned("exclusive_scan", {}, {Array::of(a), xs}, like(x));
    expect_close(recurrence.name, recurrence.template result<T>(), states, 0, 1);
    const Test place =
        scanned("running_position", {1}, {xs}, Array::empty<int64_t>(int64_t(x.size())));
    expect_close(place.name, place.template result<int64_t>(), places, 0, 1);
    if (TYPE<T> > 1) return;
    const Test log = scanned("running_logsumexp", {}, {xs}, like(x));
    expect_close(log.name, log.template result<T>(), logs, TYPE<T> == 0 ? 2e-7 : 1e-14);
}

void test_groups(int64_t count, int64_t width, bool reverse) {
    const auto a = whole<float>(count * width, 0, 2), b = whole<float>(count * width, -3, 3);
    const auto ids = whole<int64_t>(count, -4, 4);
    std::vector<int32_t> order(static_cast<size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int32_t i, int32_t j) { return ids[size_t(i)] < ids[size_t(j)]; });
    std::vector<double> wanted(a.size());
    for (int64_t id = -4; id < 4; ++id)
        for (int64_t c = 0; c < width; ++c) {
            double state = 1;
            for (int64_t k = 0; k < count; ++k) {
                const int64_t row = reverse ? count - 1 - k : k;
                if (ids[size_t(row)] != id) continue;
                const size_t i = size_t(row * width + c);
                wanted[i] = state;
                state = double(b[i]) + double(a[i]) * state;
            }
        }
    Test test{text_of("grouped_scan %d x %d", int(count), int(width)),
              "grouped_scan",
              {0, count, width, reverse, 8},
              {1},
              {Array::of(a), Array::of(b), Array::of(ids), Array::of(order)},
              {like(a)}};
    test.run();
    expect_close(test.name, test.result<float>(), wanted, 0, 1);
}

// Orders ------------------------------------------------------------------------------------------

// NaN is larger than all; of equal ones the first comes first.
template <class T>
std::vector<double> order_of(const std::vector<T> &x, int64_t first, int64_t n, int64_t step,
                             bool down) {
    std::vector<double> order;
    for (int64_t i = 0; i < n; ++i) order.push_back(double(i));
    const auto below = [](double a, double b) { return a < b || (a == a && b != b); };
    std::stable_sort(order.begin(), order.end(), [&](double i, double j) {
        const double a = double(x[size_t(first + int64_t(i) * step)]),
                     b = double(x[size_t(first + int64_t(j) * step)]);
        return down ? below(b, a) : below(a, b);
    });
    return order;
}

template <class T> void test_orders(int64_t outer, int64_t n, int64_t inner, bool down) {
    auto x = whole<T>(outer * n * inner, 0, 9);
    for (size_t i = 0; TYPE<T> < 2 && i < x.size(); i += 5) x[i] = T(i % 2 ? NAN : -0.0);
    std::vector<double> wanted(x.size());
    for (int64_t line = 0; line < outer * inner; ++line) {
        const int64_t first = line / inner * n * inner + line % inner;
        const auto order = order_of(x, first, n, inner, down);
        for (int64_t k = 0; k < n; ++k) wanted[size_t(first + k * inner)] = order[size_t(k)];
    }
    Test test{
        text_of("argsort %d x %d x %d of type %d", int(outer), int(n), int(inner), int(TYPE<T>)),
        "argsort",
        {TYPE<T>, outer, n, inner, down},
        {},
        {Array::of(x)},
        {Array::empty<int32_t>(int64_t(x.size()))}};
    test.run();
    expect_close(test.name, test.result<int32_t>(), wanted, 0, 1);
}

void test_largest(int64_t rows, int64_t n, int64_t k) {
    const auto x = whole<float>(rows * n, 0, 50);
    std::vector<double> values, places;
    for (int64_t r = 0; r < rows; ++r) {
        const auto order = order_of(x, r * n, n, 1, true);
        for (int64_t i = 0; i < k; ++i) {
            places.push_back(order[size_t(i)]);
            values.push_back(double(x[size_t(r * n + int64_t(order[size_t(i)]))]));
        }
    }
    Test test{text_of("top_k %d of %d", int(k), int(n)),
              "top_k",
              {0, rows, n, k},
              {},
              {Array::of(x)},
              {Array::empty<float>(rows * k), Array::empty<int32_t>(rows * k)}};
    test.run();
    expect_close(test.name, test.result<float>(), values, 0, 1);
    expect_close(test.name, test.result<int32_t>(1), places, 0, 1);
}

void test_searches(int64_t n) {
    auto sequence = whole<int32_t>(3 * n, 0, 40);
    const auto values = whole<int32_t>(3 * 50, -2, 44);
    for (int64_t b = 0; b < 3; ++b)
        std::sort(sequence.begin() + b * n, sequence.begin() + (b + 1) * n);
    for (int64_t is_right : {0, 1}) {
        std::vector<double> wanted;
        for (int64_t i = 0; i < 150; ++i) {
            const auto begin = sequence.begin() + i / 50 * n;
            wanted.push_back(double(std::count_if(begin, begin + n, [&](int32_t y) {
                return is_right ? y <= values[size_t(i)] : y < values[size_t(i)];
            })));
        }
        Test test{text_of("searchsorted in %d", int(n)),
                  "searchsorted",
                  {2, 3, n, 50, is_right, 4},
                  {},
                  {Array::of(sequence), Array::of(values)},
                  {Array::empty<int32_t>(150)}};
        test.run();
        expect_close(test.name, test.result<int32_t>(), wanted, 0, 1);
    }
    std::vector<double> wanted;
    for (int32_t x : values) wanted.push_back(std::count(sequence.begin(), sequence.end(), x) > 0);
    Test test{text_of("is_in %d", int(3 * n)),
              "is_in",
              {2, 150, 3 * n},
              {},
              {Array::of(values), Array::of(sequence)},
              {Array::empty<uint8_t>(150)}};
    test.run();
    expect_close(test.name, test.result<uint8_t>(), wanted, 0, 1);
}

// Products and neighbours -------------------------------------------------------------------------

template <class T> void test_product(int64_t m, int64_t n, int64_t k, bool left, bool right) {
    const auto x = whole<T>(2 * m * k, 0, 5), y = whole<T>(k * n, 0, 5);
    std::vector<double> wanted;
    for (int64_t i = 0; i < 2 * m * n; ++i) {
        const int64_t b = i / (m * n), row = i / n % m, column = i % n;
        double sum = 0;
        for (int64_t j = 0; j < k; ++j)
            sum += double(x[size_t(b * m * k + (left ? j * m + row : row * k + j))]) *
                   double(y[size_t(right ? column * k + j : j * n + column)]);
        wanted.push_back(double(T(int64_t(sum))));
    }
    Test test{text_of("product %d x %d x %d of type %d", int(m), int(n), int(k), int(TYPE<T>)),
              "product",
              {TYPE<T>, 2, m, n, k, left, right},
              {},
              {Array::of(x), Array::of(y), Array::of(std::vector<int64_t>{0, 0, m * k, 0})},
              {Array::empty<T>(2 * m * n)}};
    test.run();
    expect_close(test.name, test.template result<T>(), wanted, 0, 1);
}

// A convolution of 2 images of 5 x 6 x `in` with windows of 3 x 2, two steps down and one right, a
// row of zeros above, columns dilated by 2, in two groups; and its gradients, by the same pairs of
// cells.
template <class T> void test_convolution(int64_t in, int64_t out) {
    const int64_t height = 5, width = 6, rows = 2, columns = 4, ins = in / 2, outs = out / 2;
    const auto x = whole<T>(2 * height * width * in, -4, 4),
               kernel = whole<T>(6 * ins * out, -4, 4),
               g = whole<T>(2 * rows * columns * out, -4, 4);
    std::vector<double> y(g.size()), of_x(x.size()), of_kernel(kernel.size());
    std::vector<T> turned(kernel.size());
    for (int64_t p = 0; p < 2 * rows * columns * 6; ++p) {
        const int64_t tap = p % 6, position = p / 6, n = position / (rows * columns);
        const int64_t row = position / columns % rows * 2 - 1 + tap / 2,
                      column = position % columns + tap % 2 * 2;
        if (row < 0 || row >= height) continue;
        for (int64_t c = 0; c < in; ++c)
            for (int64_t o = c / ins * outs; o < (c / ins + 1) * outs; ++o) {
                const size_t from = size_t(((n * height + row) * width + column) * in + c);
                const size_t weight = size_t((tap * ins + c % ins) * out + o),
                             to = size_t(position * out + o);
                y[to] += double(x[from]) * double(kernel[weight]);
                of_x[from] += double(g[to]) * double(kernel[weight]);
                of_kernel[weight] += double(x[from]) * double(g[to]);
                turned[size_t((tap * out + o) * ins + c % ins)] = kernel[weight];
            }
    }
    const std::vector<int64_t> ints{
        2, in, out, 2, 1, height, width, 1, rows, columns,           1, 3, 2,
        1, 2,  1,   1, 1, 2,      0,     1, 0,    int64_t(sizeof(T))};
    const auto checked = [&](const char *name, Array first, Array second, Array result,
                             const std::vector<double> &wanted) {
        Test test{text_of("%s of %d bytes", name, int(sizeof(T))),
                  name,
                  ints,
                  {},
                  {std::move(first), std::move(second)},
                  {std::move(result)}};
        test.run();
        expect_close(test.name, test.template result<T>(), wanted, 0, 1);
    };
    checked("plain_convolution", Array::of(x), Array::of(kernel), like(g), y);
    checked("plain_convolution_input_gradient", Array::of(g), Array::of(turned), like(x), of_x);
    checked("plain_convolution_kernel_gradient", Array::of(x), Array::of(g), like(kernel),
            of_kernel);
}

// Patches of 2 x 3 cells, 2 apart in columns, one step down and two right, with zeros around.
void test_patches(int64_t channels) {
    const int64_t height = 4, width = 7, rows = 4, columns = 3;
    const auto g = whole<float>(2 * rows * columns * 6 * channels, -4, 4);
    std::vector<double> wanted(size_t(2 * height * width * channels));
    for (size_t i = 0; i < g.size(); ++i) {
        const int64_t c = int64_t(i) % channels, cell = int64_t(i) / channels % 6,
                      patch = int64_t(i) / channels / 6;
        const int64_t row = patch / columns % rows - 1 + cell / 3,
                      column = patch % columns * 2 - 1 + cell % 3 * 2;
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        wanted[size_t(((patch / (rows * columns) * height + row) * width + column) * channels +
                      c)] += double(g[i]);
    }
    Test test{text_of("patches_gradient of %d", int(channels)),
              "patches_gradient",
              {0, 2, channels, height, rows, 2, 1, 1, 1, width, columns, 3, 2, 2, 1},
              {},
              {Array::of(g)},
              {Array::empty<float>(int64_t(wanted.size()))}};
    test.run();
    expect_close(test.name, test.result<float>(), wanted, 0, 1);
}

void test_neighbours(int64_t channels, int64_t radius) {
    const auto x = whole<float>(30 * channels, -9, 9);
    std::vector<double> wanted(x.size());
    for (int64_t i = 0; i < int64_t(x.size()); ++i)
        for (int64_t k = -radius; k <= radius; ++k)
            if (i % channels + k >= 0 && i % channels + k < channels)
                wanted[size_t(i)] += double(x[size_t(i + k)]);
    Test test{text_of("neighbour_sum %d of %d", int(radius), int(channels)),
              "neighbour_sum",
              {0, 30, channels, radius},
              {},
              {Array::of(x)},
              {like(x)}};
    test.run();
    expect_close(test.name, test.result<float>(), wanted, 0, 1);
}

// Checks ------------------------------------------------------------------------------------------

void test_finite(int64_t count, int64_t first) {
    std::vector<float> x(static_cast<size_t>(count), 1);
    double nans = 0, infinities = 0;
    for (int64_t i = first; i < count; i += 7) {
        x[size_t(i)] = i % 2 ? NAN : -INFINITY;
        ++(i % 2 ? nans : infinities);
    }
    Test test{text_of("count_non_finite in %d", int(count)),
              "count_non_finite",
              {0, count},
              {},
              {Array::of(x)},
              {Array::empty<int64_t>(3)}};
    test.run();
    expect_close(test.name, test.result<int64_t>(),
                 {nans, infinities, first < count ? double(first) : 0}, 0, 1);
}

void test_failures() {
    const std::vector<uint8_t> holds{1, 1, 1, 1, 0, 0};
    Test test{"first_failure",
              "first_failure",
              {4, 6, 2, 2, 3, 1, 0, 0, 1},
              {},
              {Array::of(holds), Array::of(std::vector<float>{5, 6}),
               Array::of(std::vector<float>{7, 8, 9})},
              {Array::empty<int64_t>(2), Array::empty<float>(1), Array::empty<float>(1)}};
    test.run();
    expect_close(test.name, test.result<int64_t>(), {2, 4}, 0, 1);
    expect(test.result<float>(1)[0] == 6 && test.result<float>(2)[0] == 8, test.name,
           "other elements");
    for (int32_t exponent : {0, -1}) {
        Test power{"integer_exponents",
                   "integer_exponents",
                   {2, 2},
                   {},
                   {Array::of(std::vector<int32_t>{3, exponent})},
                   {}};
        power.run();
        expect((power.error != nullptr) == (exponent < 0), power.name, "another answer");
    }
}

}  // namespace

void test_lines() {
    for (bool reverse : {false, true}) {
        test_scans<float>(3, 11, 1, reverse);
        test_scans<double>(2, 5, 300, reverse);
        test_scans<uint8_t>(4, 60, 3, reverse);
        test_groups(90, 3, reverse);
        test_groups(40, 300, reverse);
        test_orders<float>(3, 100, 1, reverse);
        test_orders<float>(1, 33'001, 1, reverse);
        test_orders<double>(2, 17, 5, reverse);
        test_orders<uint8_t>(40, 65, 1, reverse);
    }
    for (int64_t k : {1, 32, 33, 70}) test_largest(40, 70, k);
    for (int64_t n : {0, 1, 64, 100}) test_searches(n);
    test_finite(0, 0);
    test_finite(100, 100);
    test_finite(50'000, 20'001);
    test_failures();
}

void test_plain_products() {
    for (bool left : {false, true})
        for (bool right : {false, true}) {
            test_product<double>(1, 1, 1, left, right);
            test_product<double>(7, 25, 300, left, right);
            test_product<int32_t>(66, 50, 9, left, right);
            test_product<uint8_t>(5, 200, 31, left, right);
        }
    test_convolution<double>(2, 2);
    test_convolution<double>(6, 70);
    test_convolution<float>(10, 34);
    for (int64_t channels : {1, 9}) test_patches(channels);
    for (int64_t radius : {0, 2, 40}) test_neighbours(33, radius);
}
