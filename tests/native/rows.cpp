// Pooling, reductions, softmax and normalization against plain loops in double.
#include "check.h"

namespace {

template <class T>
constexpr double ROUNDING = sizeof(T) == 4 ? 2e-6 : 1e-14;

// Pooling -----------------------------------------------------------------------------------------

struct Windows {
    int64_t batch, channels, size[3], out[3], window[3], stride[3], dilation[3], before[3];

    std::vector<int64_t> ints(int64_t bytes) const {
        std::vector<int64_t> v{bytes, batch, channels};
        for (const int64_t *list : {size, out, window, stride, dilation, before})
            v.insert(v.end(), list, list + 3);
        return v;
    }
    int64_t cells() const { return size[0] * size[1] * size[2]; }
    int64_t positions() const { return out[0] * out[1] * out[2]; }

    // The cells of one window of one channel of one image, as places in x.
    std::vector<size_t> places(int64_t n, int64_t position, int64_t channel) const {
        std::vector<size_t> found;
        const int64_t at[3] = {position / out[2] / out[1], position / out[2] % out[1],
                               position % out[2]};
        for (int64_t i = 0; i < window[0] * window[1] * window[2]; ++i) {
            const int64_t tap[3] = {i / window[2] / window[1], i / window[2] % window[1],
                                    i % window[2]};
            int64_t cell = n;
            bool is_inside = true;
            for (int a = 0; a < 3; ++a) {
                const int64_t c = at[a] * stride[a] + tap[a] * dilation[a] - before[a];
                is_inside &= c >= 0 && c < size[a];
                cell = cell * size[a] + c;
            }
            if (is_inside) found.push_back(size_t(cell * channels + channel));
        }
        return found;
    }
};

template <class T>
void test_windows(const char *name, const Windows &w) {
    const int64_t x_size = w.batch * w.cells() * w.channels,
                  y_size = w.batch * w.positions() * w.channels;
    auto x = noise<T>(x_size);
    for (size_t i = 0; i < x.size(); ++i)
        x[i] = T(int(x[i] * 4));  // equal ones: the first is the maximum
    const auto g = noise<T>(y_size);
    std::vector<double> most(size_t(y_size), 0), mean(most), most_gradient(size_t(x_size), 0),
        mean_gradient(most_gradient);
    for (int64_t i = 0; i < y_size; ++i) {
        const auto places = w.places(i / w.channels / w.positions(), i / w.channels % w.positions(),
                                     i % w.channels);
        size_t best = places[0];
        for (size_t place : places) {
            if (x[place] > x[best]) best = place;
            mean[size_t(i)] += double(x[place]) / double(places.size());
            mean_gradient[place] += double(g[size_t(i)]) / double(places.size());
        }
        most[size_t(i)] = x[best];
        most_gradient[best] += g[size_t(i)];
    }
    const Array xs = Array::of(x), ys = Array::of(std::vector<T>(most.begin(), most.end())),
                gs = Array::of(g);
    const auto ints = w.ints(sizeof(T));
    Test forward{text_of("max_pool %s", name), "max_pool", ints, {}, {xs},
                 {Array::empty<T>(y_size)}};
    forward.run();
    expect_close(forward.name, forward.result<T>(), most, 0, 1);
    Test average{text_of("mean_pool %s", name), "mean_pool", ints, {}, {xs},
                 {Array::empty<T>(y_size)}};
    average.run();
    expect_close(average.name, average.result<T>(), mean, ROUNDING<T>, 1);
    Test back{text_of("max_pool_gradient %s", name),
              "max_pool_gradient",
              ints,
              {},
              {xs, ys, gs},
              {Array::empty<T>(x_size)}};
    back.run();
    expect_close(back.name, back.result<T>(), most_gradient, ROUNDING<T>, 1);
    Test shares{text_of("mean_pool_gradient %s", name),
                "mean_pool_gradient",
                ints,
                {},
                {gs},
                {Array::empty<T>(x_size)}};
    shares.run();
    expect_close(shares.name, shares.result<T>(), mean_gradient, ROUNDING<T>, 1);
}

// Reductions --------------------------------------------------------------------------------------

enum Reduction : int64_t { SUM, PRODUCT, MAXIMUM, MINIMUM };

template <class T>
void test_reduction(int64_t type, int64_t outer, int64_t length, int64_t inner) {
    const bool is_bool = type == 4, is_float = type < 2;
    for (int64_t kind : {SUM, PRODUCT, MAXIMUM, MINIMUM}) {
        if (is_bool && kind < MAXIMUM) continue;
        auto x = noise<T>(outer * length * inner,
                          is_bool           ? 0
                          : kind == PRODUCT ? 0.9
                                            : -9,
                          is_bool           ? 2
                          : kind == PRODUCT ? 1.1
                                            : 9);
        const double divisor = kind == SUM && is_float ? double(length) : 1;
        std::vector<double> wanted;
        double scale = 1;
        for (int64_t o = 0; o < outer; ++o)
            for (int64_t j = 0; j < inner; ++j) {
                double value = kind == SUM       ? 0
                               : kind == PRODUCT ? 1
                               : kind == MAXIMUM ? -INFINITY
                                                 : INFINITY,
                       sum = 0;
                for (int64_t i = 0; i < length; ++i) {
                    const double v = double(x[size_t((o * length + i) * inner + j)]);
                    value = kind == SUM       ? value + v
                            : kind == PRODUCT ? value * v
                            : kind == MAXIMUM ? std::fmax(value, v)
                                              : std::fmin(value, v);
                    sum += std::fabs(v);
                }
                wanted.push_back(value / divisor);
                scale = std::fmax(scale, kind == SUM       ? sum / divisor
                                         : kind == PRODUCT ? double(length) * std::fabs(value)
                                                           : 1);
            }
        Test test{text_of("reduce %d of type %d: %d x %d x %d", int(kind), int(type), int(outer),
                          int(length), int(inner)),
                  "reduce",
                  {kind, type, outer, length, inner},
                  {divisor},
                  {Array::of(x)},
                  {Array::empty<T>(outer * inner)}};
        test.run();
        expect_close(test.name, test.result<T>(), wanted,
                     is_float && kind < MAXIMUM ? ROUNDING<T> / 4 : 0, scale);
    }
}

template <class T, class Index>
void test_argument(int64_t type, int64_t outer, int64_t length, int64_t inner) {
    const auto x = noise<T>(outer * length * inner, -5, 5);
    for (int64_t is_largest : {0, 1}) {
        std::vector<double> wanted;
        for (int64_t o = 0; o < outer; ++o)
            for (int64_t j = 0; j < inner; ++j) {
                const auto at = [&](int64_t i) { return x[size_t((o * length + i) * inner + j)]; };
                int64_t best = 0;
                for (int64_t i = 1; i < length; ++i)
                    if (is_largest ? at(i) > at(best) : at(i) < at(best)) best = i;
                wanted.push_back(double(best));
            }
        Test test{text_of("argument of type %d, length %d", int(type), int(length)),
                  "argument",
                  {int64_t(sizeof(Index)), type, outer, length, inner, is_largest},
                  {},
                  {Array::of(x)},
                  {Array::empty<Index>(outer * inner)}};
        test.run();
        expect_close(test.name, test.result<Index>(), wanted, 0, 1);
    }
}

// Softmax -----------------------------------------------------------------------------------------

// softmax and its logarithm of each row of logits.
template <class T>
void reference_softmax(const std::vector<T> &x, int64_t n, std::vector<double> &s,
                       std::vector<double> &log) {
    for (size_t row = 0; row < x.size(); row += size_t(n)) {
        double most = -INFINITY, sum = 0;
        for (size_t i = row; i < row + size_t(n); ++i) most = std::fmax(most, double(x[i]));
        for (size_t i = row; i < row + size_t(n); ++i) sum += std::exp(double(x[i]) - most);
        for (size_t i = row; i < row + size_t(n); ++i) {
            log.push_back(double(x[i]) - most - std::log(sum));
            s.push_back(std::exp(log.back()));
        }
    }
}

template <class T>
void test_classes(int64_t rows, int64_t n) {
    const auto x = noise<T>(rows * n, -20, 20), g = noise<T>(rows * n),
               labels = noise<T>(rows * n, 0, 1);
    const std::string sizes = text_of("%d x %d of %d bytes", int(rows), int(n), int(sizeof(T)));
    std::vector<double> s, log;
    reference_softmax(x, n, s, log);
    const Array xs = Array::of(x), ss = Array::of(std::vector<T>(s.begin(), s.end())),
                gs = Array::of(g);
    const auto run = [&](const char *kernel, std::vector<int64_t> more, std::vector<Array> inputs,
                         std::vector<Array> outputs) {
        Test test{
            kernel + (" " + sizes), kernel, {int64_t(sizeof(T)), rows, n}, {}, std::move(inputs),
            std::move(outputs)};
        test.ints.insert(test.ints.end(), more.begin(), more.end());
        test.run();
        return test;
    };
    const Array matrix = Array::empty<T>(rows * n), column = Array::empty<T>(rows);
    expect_close("softmax " + sizes, run("softmax", {0}, {xs}, {matrix}).template result<T>(), s,
                 ROUNDING<T>, 1);
    expect_close("log_softmax " + sizes, run("softmax", {1}, {xs}, {matrix}).template result<T>(),
                 log, ROUNDING<T>);
    for (int64_t form : {0, 1}) {
        std::vector<double> wanted(s.size());
        for (int64_t r = 0; r < rows; ++r) {
            double sum = 0;
            for (int64_t i = r * n; i < (r + 1) * n; ++i)
                sum += (form ? 1 : s[size_t(i)]) * double(g[size_t(i)]);
            for (size_t i = size_t(r * n); i < size_t((r + 1) * n); ++i)
                wanted[i] = form ? double(g[i]) - s[i] * sum : s[i] * (double(g[i]) - sum);
        }
        expect_close("softmax_gradient " + sizes,
                     run("softmax_gradient", {form}, {ss, gs}, {matrix}).template result<T>(),
                     wanted, ROUNDING<T> * 4, 1);
    }
    std::vector<double> losses, picked, one_hot = widen(x);
    std::vector<int32_t> classes;
    for (int64_t r = 0; r < rows; ++r) {
        double loss = 0;
        for (size_t i = size_t(r * n); i < size_t((r + 1) * n); ++i)
            loss -= double(labels[i]) * log[i];
        losses.push_back(loss);
        classes.push_back(r == rows - 1 && rows > 1 ? int32_t(n)
                                                    : int32_t(r % n));  // the last is none
        const bool is_class = classes.back() < n;
        picked.push_back(is_class ? -log[size_t(r * n + classes.back())] : NAN);
        if (is_class) one_hot[size_t(r * n + classes.back())] -= 1;
    }
    const Test dense = run("cross_entropy", {0}, {Array::of(labels), xs}, {column, matrix});
    expect_close(dense.name, dense.template result<T>(), losses, ROUNDING<T>);
    expect_close(dense.name, dense.template result<T>(1), s, ROUNDING<T> * 8, 1);
    const Test sparse =
        run("sparse_cross_entropy", {0, 4}, {Array::of(classes), xs}, {column, matrix});
    expect_close(sparse.name, sparse.template result<T>(), picked, ROUNDING<T>, 40);
    expect_close(sparse.name, sparse.template result<T>(1), s, ROUNDING<T>, 1);
    const Test minus = run("subtract_one_hot", {0, 4}, {xs, Array::of(classes)}, {matrix});
    expect_close(minus.name, minus.template result<T>(), one_hot, ROUNDING<T>);
}

// Normalization -----------------------------------------------------------------------------------

constexpr double EPSILON = 1e-3;

void test_batch(int64_t rows, int64_t channels, double center) {
    const auto x = noise(rows * channels, center - 1, center + 1), g = noise(rows * channels);
    const auto scale = noise(channels, 0.5, 2), offset = noise(channels);
    std::vector<double> mean(size_t(channels), 0), variance(mean), y(x.size()), dx(x.size()),
        dscale(mean), doffset(mean);
    for (size_t c = 0; c < size_t(channels); ++c) {
        const auto each = [&](auto use) {
            for (size_t i = c; i < x.size(); i += size_t(channels)) use(i);
        };
        each([&](size_t i) { mean[c] += x[i] / double(rows); });
        each([&](size_t i) { variance[c] += (x[i] - mean[c]) * (x[i] - mean[c]) / double(rows); });
        const double root = 1 / std::sqrt(variance[c] + EPSILON);
        each([&](size_t i) { y[i] = (x[i] - mean[c]) * root * scale[c] + offset[c]; });
        each([&](size_t i) { doffset[c] += g[i], dscale[c] += g[i] * (x[i] - mean[c]) * root; });
        each([&](size_t i) {
            dx[i] = scale[c] * root *
                    (g[i] - doffset[c] / double(rows) -
                     (x[i] - mean[c]) * root * dscale[c] / double(rows));
        });
    }
    const std::string sizes = text_of("%d x %d around %g", int(rows), int(channels), center);
    const Array column = Array::empty<float>(channels),
                matrix = Array::empty<float>(rows * channels);
    Test train{"batch_norm_train " + sizes,
               "batch_norm_train",
               {rows, channels, 4, 0},
               {EPSILON},
               {Array::of(x), Array::of(scale), Array::of(offset)},
               {matrix, column, column}};
    train.run();
    // a mean is rounded to its own size, and so moves what is subtracted from it
    const double tolerance = 2e-6 + 4e-7 * std::fabs(center) / std::sqrt(EPSILON);
    expect_close(train.name, train.result<float>(), y, tolerance, 4);
    expect_close(train.name, train.result<float>(1), mean, 1e-6, 1 + std::fabs(center));
    expect_close(train.name, train.result<float>(2), variance, 2e-6 + 1e-6 * std::fabs(center), 1);
    const auto narrow = [](const std::vector<double> &v) {
        return Array::of(std::vector<float>(v.begin(), v.end()));
    };
    Test back{"batch_norm_gradient " + sizes,
              "batch_norm_gradient",
              {rows, channels, 4, 0},
              {EPSILON},
              {Array::of(x), Array::of(scale), narrow(mean), narrow(variance), Array::of(g)},
              {matrix, column, column}};
    back.run();
    expect_close(back.name, back.result<float>(), dx, tolerance, 1 / std::sqrt(EPSILON));
    expect_close(back.name, back.result<float>(1), dscale, tolerance * 4, double(rows) / 4 + 4);
    expect_close(back.name, back.result<float>(2), doffset, 2e-6, double(rows) / 4 + 4);

    // through a rectifier: what it makes of y, and gradients where that is above 0
    train.name += ", rectified", train.ints[3] = 1;
    train.run();
    auto z = y;
    for (double &v : z) v = std::fmax(v, 0);
    expect_close(train.name, train.result<float>(), z, tolerance, 4);
    auto kept = g;
    for (size_t i = 0; i < kept.size(); ++i)
        if (z[i] <= 0) kept[i] = 0;
    const auto gradients = [&](const std::vector<float> &given, bool is_rectified) {
        Test made{"batch_norm_gradient, rectified, " + sizes,
                  "batch_norm_gradient",
                  {rows, channels, 4, is_rectified},
                  {EPSILON},
                  {Array::of(x), Array::of(scale), narrow(mean), narrow(variance), Array::of(given)},
                  {matrix, column, column}};
        if (is_rectified) made.inputs.push_back(Array::of(offset));
        made.run();
        return made;
    };
    const Test through = gradients(g, true), plain = gradients(kept, false);
    for (size_t i = 0; i < 3; ++i) {
        const auto expected = plain.result<float>(i);
        expect_close(through.name, through.result<float>(i), {expected.begin(), expected.end()}, 0);
    }
}

void test_layer(int64_t rows, int64_t size) {
    const auto x = noise(rows * size, -3, 3), scale = noise(size), offset = noise(size);
    std::vector<double> y, mean, root;
    for (int64_t r = 0; r < rows; ++r) {
        double m = 0, v = 0;
        for (int64_t i = 0; i < size; ++i) m += x[size_t(r * size + i)] / double(size);
        for (int64_t i = 0; i < size; ++i)
            v += std::pow(x[size_t(r * size + i)] - m, 2) / double(size);
        mean.push_back(m), root.push_back(1 / std::sqrt(v + EPSILON));
        for (int64_t i = 0; i < size; ++i)
            y.push_back((x[size_t(r * size + i)] - m) * root.back() * scale[size_t(i)] +
                        offset[size_t(i)]);
    }
    Test test{
        text_of("layer_norm %d x %d", int(rows), int(size)),
        "layer_norm",
        {rows, size, 4},
        {EPSILON},
        {Array::of(x), Array::of(scale), Array::of(offset)},
        {Array::empty<float>(rows * size), Array::empty<float>(rows), Array::empty<float>(rows)}};
    test.run();
    const double widest = size == 1 ? 1 / std::sqrt(EPSILON) : 4;
    expect_close(test.name, test.result<float>(), y, 2e-6, widest);
    expect_close(test.name, test.result<float>(1), mean, 2e-6, 3);
    expect_close(test.name, test.result<float>(2), root, 2e-6);
}

}  // namespace

template <class T>
void test_pooling_of() {
    test_windows<T>("2 x 2",
                    {3, 5, {1, 8, 6}, {1, 4, 3}, {1, 2, 2}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0}});
    test_windows<T>("overlap",
                    {2, 17, {1, 9, 7}, {1, 5, 4}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, {0, 1, 1}});
    test_windows<T>("gaps",
                    {1, 33, {1, 9, 11}, {1, 3, 4}, {1, 2, 2}, {1, 3, 3}, {1, 1, 1}, {0, 0, 0}});
    test_windows<T>("dilated",
                    {2, 4, {1, 10, 9}, {1, 6, 5}, {1, 3, 3}, {1, 1, 1}, {1, 2, 2}, {0, 0, 0}});
    test_windows<T>("three axes",
                    {2, 3, {4, 6, 5}, {2, 3, 2}, {2, 2, 2}, {2, 2, 2}, {1, 1, 1}, {0, 0, 0}});
    test_windows<T>("tasks",
                    {2, 40, {1, 40, 42}, {1, 20, 21}, {1, 2, 2}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0}});
}
void test_pooling() {
    test_pooling_of<float>();
    test_pooling_of<double>();
}

void test_reductions() {
    const int64_t shapes[][3] = {{1, 1, 1},     {3, 7, 5},     {1, 65, 1}, {2, 100003, 1},
                                 {1, 4099, 33}, {70, 19, 129}, {5, 64, 2}};
    for (const auto &[outer, length, inner] : shapes) {
        test_reduction<float>(0, outer, length, inner);
        test_reduction<double>(1, outer, length, inner);
        test_reduction<uint8_t>(4, outer, length, inner);
        test_argument<float, int64_t>(0, outer, length, inner);
        test_argument<int32_t, int32_t>(2, outer, length, inner);
    }
    test_reduction<int32_t>(2, 3, 41, 19);
    test_reduction<int64_t>(3, 3, 41, 1);
}

void test_softmax() {
    const int64_t shapes[][2] = {{1, 1}, {5, 3}, {7, 16}, {33, 17}, {4, 1000}, {2000, 10}};
    for (const auto &[rows, classes] : shapes) {
        test_classes<float>(rows, classes);
        test_classes<double>(rows, classes);
    }
}

void test_normalization() {
    const int64_t shapes[][2] = {{2, 1}, {9, 5}, {64, 17}, {1000, 33}, {300, 200}, {20000, 16}};
    for (const auto &[rows, channels] : shapes) {
        test_batch(rows, channels, 0);
        test_batch(rows, channels, 100);
        test_layer(rows, channels);
    }
}
