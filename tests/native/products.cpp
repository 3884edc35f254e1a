// Matrix products and convolutions against plain sums in double.
#include "check.h"

namespace {

// Rounding of sums in float32: relative to the largest sum of magnitudes.
constexpr double SUM = 1e-6;
// Winograd's, relative to the largest value; docs/engine.md states them.
constexpr double FORWARD = 5e-6, GRADIENT = 2e-5;

struct Sizes {
    int64_t batch, m, n, k;
    bool is_b_shared = false;
};

void test_product(const Sizes &s, bool ta, bool tb, bool has_bias) {
    const int64_t a_size = s.m * s.k, b_size = s.k * s.n;
    const auto a = noise(s.batch * a_size), b = noise((s.is_b_shared ? 1 : s.batch) * b_size),
               bias = noise(s.n);
    std::vector<double> wanted(size_t(s.batch * s.m * s.n));
    double scale = 0;
    for (int64_t q = 0; q < s.batch; ++q)
        for (int64_t i = 0; i < s.m; ++i)
            for (int64_t j = 0; j < s.n; ++j) {
                double sum = has_bias ? bias[size_t(j)] : 0, magnitude = 0;
                for (int64_t l = 0; l < s.k; ++l) {
                    const double x = a[size_t(q * a_size + (ta ? l * s.m + i : i * s.k + l))];
                    const double y = b[size_t((s.is_b_shared ? 0 : q * b_size) +
                                              (tb ? j * s.k + l : l * s.n + j))];
                    sum += x * y;
                    magnitude += std::fabs(x * y);
                }
                scale = std::fmax(scale, magnitude + 1);
                wanted[size_t((q * s.m + i) * s.n + j)] = has_bias ? std::fmax(sum, 0) : sum;
            }
    Test test{
        text_of("gemm %d x %d x %d x %d%s%s", int(s.batch), int(s.m), int(s.n), int(s.k),
                ta ? " A'" : "", tb ? " B'" : ""),
        "gemm",
        {s.batch, s.m, s.n, s.k, ta, tb, a_size, s.is_b_shared ? 0 : b_size, has_bias, has_bias},
        {},
        {Array::of(a), Array::of(b)},
        {Array::empty<float>(s.batch * s.m * s.n)}};
    if (has_bias) test.inputs.push_back(Array::of(bias));
    test.run();
    expect_close(test.name, test.result<float>(), wanted, SUM, scale);
}

// Convolutions ------------------------------------------------------------------------------------

struct Geometry {
    int64_t batch, in, out, groups;
    int64_t size[3], window[3], stride[3], dilation[3], before[3], after[3];

    int64_t positions(int a) const {
        return (size[a] + before[a] + after[a] - (window[a] - 1) * dilation[a] - 1) / stride[a] + 1;
    }
    int64_t taps() const { return window[0] * window[1] * window[2]; }
    int64_t x_size() const { return batch * size[0] * size[1] * size[2] * in; }
    int64_t y_size() const { return batch * positions(0) * positions(1) * positions(2) * out; }
    int64_t kernel_size() const { return taps() * in / groups * out; }
    std::vector<int64_t> ints() const {
        std::vector<int64_t> v{batch, in, out, groups};
        for (int a = 0; a < 3; ++a) v.push_back(size[a]);
        for (int a = 0; a < 3; ++a) v.push_back(positions(a));
        for (const int64_t *list : {window, stride, dilation, before})
            v.insert(v.end(), list, list + 3);
        return v;
    }
};

// use(x, kernel, y): the places of the factors and of the sum of every product.
template <class Use>
void each_product(const Geometry &g, const Use &use) {
    const int64_t ins = g.in / g.groups, outs = g.out / g.groups;
    const int64_t taps = g.taps(), places = g.positions(0) * g.positions(1) * g.positions(2);
    for (int64_t i = 0; i < g.batch * places * taps; ++i) {
        const int64_t n = i / taps / places, place = i / taps % places, tap = i % taps;
        const int64_t position[3] = {place / g.positions(2) / g.positions(1),
                                     place / g.positions(2) % g.positions(1),
                                     place % g.positions(2)};
        const int64_t offset[3] = {tap / g.window[2] / g.window[1], tap / g.window[2] % g.window[1],
                                   tap % g.window[2]};
        int64_t cell = n;
        bool is_inside = true;
        for (int a = 0; a < 3; ++a) {
            const int64_t at = position[a] * g.stride[a] + offset[a] * g.dilation[a] - g.before[a];
            is_inside &= at >= 0 && at < g.size[a];
            cell = cell * g.size[a] + at;
        }
        for (int64_t group = 0; is_inside && group < g.groups; ++group)
            for (int64_t c = 0; c < ins; ++c)
                for (int64_t k = 0; k < outs; ++k)
                    use(size_t(cell * g.in + group * ins + c),
                        size_t((tap * ins + c) * g.out + group * outs + k),
                        size_t((n * places + place) * g.out + group * outs + k));
    }
}

// The three sums of one convolution, and the sums of their terms' magnitudes.
struct Reference {
    std::vector<double> y, x_gradient, kernel_gradient;
    double y_scale = 0, x_scale = 0, kernel_scale = 0;

    Reference(const Geometry &g, const std::vector<float> &x, const std::vector<float> &kernel,
              const std::vector<float> &dy)
        : y(dy.size()), x_gradient(x.size()), kernel_gradient(kernel.size()) {
        std::vector<double> ys(y), xs(x_gradient), kernels(kernel_gradient);
        each_product(g, [&](size_t i, size_t k, size_t o) {
            const double a = double(x[i]) * kernel[k], b = double(dy[o]) * kernel[k],
                         c = double(dy[o]) * x[i];
            y[o] += a, x_gradient[i] += b, kernel_gradient[k] += c;
            ys[o] += std::fabs(a), xs[i] += std::fabs(b), kernels[k] += std::fabs(c);
        });
        for (double v : ys) y_scale = std::fmax(y_scale, v);
        for (double v : xs) x_scale = std::fmax(x_scale, v);
        for (double v : kernels) kernel_scale = std::fmax(kernel_scale, v);
    }
};

void test_kernel_gradient(const char *kernel, const char *name, const Geometry &g,
                          const std::vector<float> &x, const std::vector<float> &dy,
                          const Reference &wanted) {
    Test sums{text_of("%s %s", kernel, name),
              kernel,
              g.ints(),
              {},
              {Array::of(x), Array::of(dy)},
              {Array::empty<float>(g.kernel_size())}};
    sums.run();
    expect_close(sums.name, sums.result<float>(), wanted.kernel_gradient, SUM,
                 wanted.kernel_scale + 1);
}

// The largest of each 2 x 2.
std::vector<double> pooled(const std::vector<double> &y, int64_t batch, int64_t height,
                           int64_t width, int64_t out) {
    std::vector<double> result;
    for (int64_t n = 0; n < batch; ++n)
        for (int64_t h = 0; h + 1 < height; h += 2)
            for (int64_t w = 0; w + 1 < width; w += 2)
                for (int64_t k = 0; k < out; ++k) {
                    const auto at = [&](int64_t i, int64_t j) {
                        return y[size_t(((n * height + h + i) * width + w + j) * out + k)];
                    };
                    result.push_back(
                        std::fmax(std::fmax(at(0, 0), at(0, 1)), std::fmax(at(1, 0), at(1, 1))));
                }
    return result;
}

// To bfloat16: 8 binary digits, ties to even. Products of two such numbers are exact in float32.
std::vector<float> rounded(std::vector<float> values) {
    for (float &v : values) {
        int exponent;
        const double fraction = std::frexp(double(v), &exponent);
        v = float(std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8));
    }
    return values;
}

void test_bfloat_convolution(const char *name, const Geometry &g) {
    const auto x = noise(g.x_size()), kernel = noise(g.kernel_size()), dy = noise(g.y_size()),
               bias = noise(g.out);
    const Reference wanted(g, rounded(x), rounded(kernel), rounded(dy));
    const auto packed = [&](int64_t is_gradient) {
        Test pack{text_of("pack_bfloat_kernel %s", name),
                  "pack_bfloat_kernel",
                  g.ints(),
                  {},
                  {Array::of(kernel)},
                  {Array::empty<float>(g.kernel_size() / 2)}};
        pack.ints.push_back(is_gradient);
        pack.run();
        return pack.outputs[0];
    };
    auto y = wanted.y;
    for (size_t i = 0; i < y.size(); ++i) y[i] = std::fmax(y[i] + bias[i % size_t(g.out)], 0);
    Test test{text_of("bfloat_convolution %s", name),
              "bfloat_convolution",
              g.ints(),
              {},
              {Array::of(x), packed(0), Array::of(bias)},
              {Array::empty<float>(g.y_size())}};
    test.ints.insert(test.ints.end(), {0, 1, 1, 0});
    test.run();
    expect_close(test.name, test.result<float>(), y, SUM, wanted.y_scale + 1);
    const auto largest = pooled(y, g.batch, g.positions(1), g.positions(2), g.out);
    Test pool{text_of("bfloat_convolution, pooled, %s", name),
              "bfloat_convolution",
              test.ints,
              {},
              {Array::of(x), packed(0), Array::of(bias)},
              {Array::empty<float>(int64_t(largest.size()))}};
    pool.ints.back() = 1;
    pool.run();
    expect_close(pool.name, pool.result<float>(), largest, SUM, wanted.y_scale + 1);
    Test back{text_of("bfloat_convolution, gradient, %s", name),
              "bfloat_convolution",
              g.ints(),
              {},
              {Array::of(dy), packed(1)},
              {Array::empty<float>(g.x_size())}};
    back.ints.insert(back.ints.end(), {1, 0, 0, 0});
    back.run();
    expect_close(back.name, back.result<float>(), wanted.x_gradient, SUM, wanted.x_scale + 1);
    test_kernel_gradient("bfloat_kernel_gradient", name, g, x, dy, wanted);
}

int64_t panels(int64_t columns) { return (columns + panel_columns() - 1) / panel_columns(); }

void test_convolution(const char *name, const Geometry &g) {
    const auto x = noise(g.x_size()), kernel = noise(g.kernel_size()), dy = noise(g.y_size());
    const auto bias = noise(g.out);
    const Reference wanted(g, x, kernel, dy);
    const int64_t ins = g.in / g.groups, outs = g.out / g.groups;

    Test pack{text_of("pack_convolution %s", name),
              "pack_convolution",
              g.ints(),
              {},
              {Array::of(kernel)},
              {Array::empty<float>(g.groups * panels(outs) * g.taps() * ins * panel_columns())}};
    pack.run();
    for (int64_t has_bias : {0, 1}) {
        Test test{text_of("convolution %s", name),
                  "convolution",
                  g.ints(),
                  {},
                  {Array::of(x), pack.outputs[0]},
                  {Array::empty<float>(g.y_size())}};
        test.ints.insert(test.ints.end(), {has_bias, has_bias, 0});
        if (has_bias) test.inputs.push_back(Array::of(bias));
        test.run();
        auto y = wanted.y;
        for (size_t i = 0; has_bias && i < y.size(); ++i)
            y[i] = std::fmax(y[i] + bias[i % size_t(g.out)], 0);
        expect_close(test.name, test.result<float>(), y, SUM, wanted.y_scale + 1);
    }

    const bool is_whole = g.dilation[2] == 1 && g.groups == 1;
    const int64_t runs = g.window[0] * g.window[1] * (is_whole ? 1 : g.window[2]),
                  length = g.taps() * ins / runs;
    Test turn{text_of("pack_convolution_input %s", name),
              "pack_convolution_input",
              g.ints(),
              {},
              {Array::of(kernel)},
              {Array::empty<float>(g.groups * runs * panels(length) * outs * panel_columns())}};
    turn.run();
    Test back{text_of("convolution_input_gradient %s", name),
              "convolution_input_gradient",
              g.ints(),
              {},
              {Array::of(dy), turn.outputs[0]},
              {Array::empty<float>(g.x_size())}};
    back.run();
    expect_close(back.name, back.result<float>(), wanted.x_gradient, SUM, wanted.x_scale + 1);

    test_kernel_gradient("convolution_kernel_gradient", name, g, x, dy, wanted);
}

// Winograd ----------------------------------------------------------------------------------------

struct Picture {
    int64_t batch, height, width, in, out, top, left;
};

enum Form { PLAIN = 0, TURNED = 1, TRANSPOSED = 2 };

Array transformed_kernel(int64_t m, int64_t r, int64_t in, int64_t out, Form form,
                         const std::vector<float> &kernel) {
    constexpr int64_t PAD = 16;  // the widest vector
    const int64_t points = (m + r - 1) * (m + r - 1);
    Test test{"winograd_kernel",
              "winograd_kernel",
              {m, r, in, out, form},
              {},
              {Array::of(kernel)},
              {Array::empty<float>(points * in * ((out + PAD - 1) / PAD * PAD))}};
    test.run();
    return test.outputs[0];
}

void test_picture(const Picture &p, int64_t m, int64_t r) {
    const Geometry g{p.batch,
                     p.in,
                     p.out,
                     1,
                     {1, p.height, p.width},
                     {1, r, r},
                     {1, 1, 1},
                     {1, 1, 1},
                     {0, p.top, p.left},
                     {0, p.top, p.left}};
    const int64_t height = g.positions(1), width = g.positions(2);
    const auto x = noise(g.x_size()), kernel = noise(g.kernel_size()), dy = noise(g.y_size()),
               bias = noise(p.out);
    const Reference wanted(g, x, kernel, dy);
    const std::string sizes = text_of("F(%d, %d) %d x %d x %d x %d to %d", int(m), int(r), int(p.batch),
                                      int(p.height), int(p.width), int(p.in), int(p.out));
    const Array u = transformed_kernel(m, r, p.in, p.out, PLAIN, kernel);
    const std::vector<int64_t> ints{m,      r,     p.batch, p.height, p.width, p.in,
                                    height, width, p.out,   p.top,    p.left};
    for (int64_t form : {0, 1, 2}) {  // plain; bias and relu; these and pooling
        auto y = wanted.y;
        for (size_t i = 0; form && i < y.size(); ++i)
            y[i] = std::fmax(y[i] + bias[i % size_t(p.out)], 0);
        if (form == 2) y = pooled(y, p.batch, height, width, p.out);
        Test test{"winograd " + sizes,
                  "winograd",
                  ints,
                  {},
                  {Array::of(x), u},
                  {Array::empty<float>(int64_t(y.size()))}};
        test.ints.insert(test.ints.end(), {form > 0, form > 0, form == 2});
        if (form) test.inputs.push_back(Array::of(bias));
        test.run();
        double largest = 0;
        for (double v : wanted.y) largest = std::fmax(largest, std::fabs(v));
        expect_close(test.name, test.result<float>(), y, FORWARD, largest);
    }
    Test back{
        "winograd, turned, " + sizes,
        "winograd",
        {m, r, p.batch, height, width, p.out, p.height, p.width, p.in, r - 1 - p.top,
         r - 1 - p.left, 0, 0, 0},
        {},
        {Array::of(dy), transformed_kernel(m, r, p.out, p.in, TURNED, kernel)},
        {Array::empty<float>(g.x_size())}};
    back.run();
    expect_close(back.name, back.result<float>(), wanted.x_gradient, GRADIENT);
    Test transposed{"winograd_transposed " + sizes,
                    "winograd_transposed",
                    ints,
                    {},
                    {Array::of(dy), transformed_kernel(m, r, p.out, p.in, TRANSPOSED, kernel)},
                    {Array::empty<float>(g.x_size())}};
    transposed.run();
    expect_close(transposed.name, transposed.result<float>(), wanted.x_gradient, GRADIENT);
    Test sums{"winograd_kernel_grad " + sizes,
              "winograd_kernel_grad",
              ints,
              {},
              {Array::of(x), Array::of(dy)},
              {Array::empty<float>(g.kernel_size())}};
    sums.run();
    expect_close(sums.name, sums.result<float>(), wanted.kernel_gradient, GRADIENT);
}

}  // namespace

void test_products() {
    const Sizes sizes[] = {
        {1, 1, 1, 1},     {1, 3, 5, 7},     {2, 13, 31, 33},   {1, 14, 64, 385},
        {1, 15, 65, 384}, {1, 29, 33, 769}, {1, 170, 258, 40}, {3, 6, 17, 9, true},
        {1, 5, 9, 0},     {1, 0, 3, 2},     {1, 1, 700, 130},  {1, 8, 513, 129},
        {1, 5, 1027, 65}, {1, 1, 200, 2048}, {1, 7, 1301, 2051},
    };
    for (const Sizes &s : sizes)
        for (int form = 0; form < 8; ++form) test_product(s, form & 1, form & 2, form & 4);
}

void test_convolutions() {
    test_convolution(
        "5 x 5", {2, 3, 6, 1, {1, 12, 11}, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}});
    test_convolution(
        "padded, strided",
        {3, 5, 33, 1, {1, 9, 13}, {1, 3, 4}, {1, 2, 3}, {1, 1, 1}, {0, 1, 2}, {0, 1, 1}});
    test_convolution(
        "dilated",
        {1, 4, 17, 1, {1, 14, 15}, {1, 3, 3}, {1, 1, 1}, {1, 2, 3}, {0, 2, 3}, {0, 2, 3}});
    test_convolution(
        "groups", {2, 6, 9, 3, {1, 7, 8}, {1, 3, 2}, {1, 1, 2}, {1, 1, 1}, {0, 1, 0}, {0, 1, 1}});
    test_convolution(
        "each channel alone",
        {2, 19, 19, 19, {1, 6, 7}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}});
    test_convolution(
        "three axes",
        {2, 3, 5, 1, {5, 6, 7}, {2, 3, 3}, {1, 2, 1}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}});
    test_convolution(
        "signal", {4, 8, 20, 1, {1, 1, 40}, {1, 1, 7}, {1, 1, 2}, {1, 1, 1}, {0, 0, 3}, {0, 0, 3}});
    test_convolution(
        "cells left out",
        {1, 2, 3, 1, {1, 9, 9}, {1, 1, 1}, {1, 2, 2}, {1, 1, 1}, {0, -1, -1}, {0, 0, 0}});
    test_convolution(
        "columns left out",
        {2, 3, 4, 1, {1, 9, 9}, {1, 3, 2}, {1, 1, 1}, {1, 1, 1}, {0, -1, -3}, {0, 1, 2}});
    test_convolution(
        "many blocks",
        {3, 7, 40, 1, {1, 60, 33}, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, {0, 2, 2}, {0, 2, 2}});
    test_bfloat_convolution(
        "3 x 3", {33, 32, 64, 1, {1, 4, 5}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}});
    test_bfloat_convolution(
        "strided, dilated",
        {19, 64, 32, 1, {1, 9, 7}, {1, 2, 3}, {1, 3, 2}, {1, 2, 1}, {0, 1, 2}, {0, 1, 0}});
    test_bfloat_convolution(
        "blocks of images",
        {100, 32, 32, 1, {1, 2, 2}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}});
    test_bfloat_convolution(
        "bands",
        {16, 96, 32, 1, {1, 24, 9}, {1, 3, 1}, {1, 1, 1}, {1, 1, 1}, {0, 1, 0}, {0, 1, 0}});
}

void test_winograd() {
    const Picture pictures[] = {
        {1, 3, 3, 1, 1, 0, 0},    {1, 1, 1, 3, 2, 1, 1},      {2, 7, 9, 3, 5, 1, 1},
        {1, 10, 6, 16, 16, 0, 0}, {3, 13, 11, 17, 33, 1, 1},  {1, 5, 40, 15, 31, 2, 0},
        {2, 8, 8, 64, 48, 1, 1},  {1, 14, 14, 130, 40, 1, 1}, {1, 4, 4, 520, 17, 1, 1},
        {20, 4, 4, 48, 40, 1, 0}, {9, 32, 32, 8, 12, 1, 1},
    };
    for (const Picture &p : pictures) {
        for (int64_t m : {2, 4}) test_picture(p, m, 3);
        test_picture({p.batch, p.height + 2, p.width + 2, p.in, p.out, 2 * p.top, p.left}, 2, 5);
    }
}
