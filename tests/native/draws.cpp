// Distributions, held against their distribution functions; labels, against all their alignments.
#include <algorithm>
#include <set>

#include "check.h"

namespace {

// Draws --------------------------------------------------------------------------------------------

const Array &key() {
    static const Array words = Array::of(std::vector<uint32_t>{0xdeadbeef, 12345});
    return words;
}
std::vector<uint32_t> words(int64_t count) {
    Test bits{"random_bits", "random_bits", {count}, {}, {key()}, {Array::empty<uint32_t>(count)}};
    bits.run();
    return bits.result<uint32_t>();
}

double normal(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

// The part of a distribution that lies below x.
double below(int64_t distribution, double x) {
    const double low = normal(-2);
    switch (distribution) {
        case 0: return normal(x);
        case 1: return (normal(x) - low) / (1 - 2 * low);
        case 2: return std::exp(-x);  // of u, it is the part above
        default: return x < 0 ? std::exp(x) / 2 : 1 - std::exp(-x) / 2;
    }
}

template <class T>
void test_inversion(int64_t distribution, int64_t count) {
    Test test{text_of("distribution %d, %d numbers of %d bytes", int(distribution), int(count),
                      int(sizeof(T))),
              "random_by_inversion",
              {distribution, int64_t(sizeof(T)), count},
              {},
              {key()},
              {Array::empty<T>(count)}};
    test.run();
    std::vector<double> wanted, got;
    for (uint32_t word : words(count)) wanted.push_back((word + 0.5) / 4294967296.0);
    for (T x : test.result<T>()) got.push_back(below(distribution, double(x)));
    expect_close(test.name, got, wanted, sizeof(T) == 4 ? 3e-7 : 1e-15, 1);
}

// Mean and variance of many numbers with one parameter.
void test_moments(const char *kernel, double parameter, std::vector<int64_t> more) {
    const int64_t count = 100000;
    Test test{text_of("%s of %g", kernel, parameter), kernel, {8, count, 1}, {},
              {key(), Array::of(std::vector<double>{parameter})}, {Array::empty<double>(count)}};
    test.ints.insert(test.ints.end(), more.begin(), more.end());
    test.run();
    double sum = 0, squares = 0;
    for (double x : test.result<double>()) {
        sum += x / double(count);
        squares += (x - parameter) * (x - parameter) / double(count);
    }
    expect(std::fabs(sum - parameter) < 5 * std::sqrt(parameter / double(count)), test.name,
           text_of("mean %g", sum));
    expect(std::fabs(squares / parameter - 1) < 0.05, test.name, text_of("variance %g", squares));
}

void test_permutation(int64_t count) {
    Test test{text_of("random_permutation %d", int(count)), "random_permutation", {count}, {},
              {key()}, {Array::empty<int64_t>(count)}};
    test.run();
    const auto drawn = words(2 * count);
    const auto word = [&](int64_t i) {
        return uint64_t(drawn[size_t(2 * i)]) << 32 | drawn[size_t(2 * i + 1)];
    };
    std::vector<int64_t> order(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) order[size_t(i)] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return word(a) < word(b); });
    expect(test.result<int64_t>() == order, test.name, "another order");
}

void test_samples(int64_t sampler, int64_t count, bool is_unique) {
    const int64_t classes = 300;
    Test test{text_of("sampler %d, %d classes, unique %d", int(sampler), int(count), is_unique),
              "sample_classes",
              {sampler, count, is_unique, classes, 100000, 8},
              {std::log(double(classes + 1))},
              {key()},
              {Array::empty<int64_t>(count), Array::empty<int64_t>(1)}};
    if (sampler == 2) test.inputs.push_back(Array::of(std::vector<int64_t>(300, 7)));
    test.run();
    const auto sampled = test.result<int64_t>(0);
    std::set<int64_t> seen;
    std::vector<int64_t> wanted;
    const auto drawn = words(4000);
    size_t draws = 0;
    for (; int64_t(wanted.size()) < count; ++draws) {
        const double u = (drawn.at(draws) + 0.5) / 4294967296.0;
        const double value = sampler == 1 ? std::floor(std::exp(u * test.reals[0])) - 1
                                          : std::floor(u * double(classes));
        const int64_t chosen = std::min(int64_t(value), classes - 1);
        if (seen.insert(chosen).second || !is_unique) wanted.push_back(chosen);
    }
    expect(sampled == wanted && test.result<int64_t>(1)[0] == int64_t(draws), test.name,
           "other classes");
}

// Labels -------------------------------------------------------------------------------------------

// -log of the summed probability of all paths that make the labels; how likely each class is in them,
// at each time.
double loss_of_paths(const std::vector<int64_t> &labels, const std::vector<double> &y, int64_t times,
                     int64_t classes, int64_t blank, std::vector<double> &shares) {
    int64_t paths = 1;
    for (int64_t t = 0; t < times; ++t) paths *= classes;
    double total = 0;
    shares.assign(y.size(), 0);
    for (int64_t path = 0; path < paths; ++path) {
        std::vector<int64_t> made, at;
        double probability = 1;
        for (int64_t t = 0, rest = path; t < times; ++t, rest /= classes) {
            const int64_t c = rest % classes;
            probability *= y[size_t(t * classes + c)];
            if (c != blank && (at.empty() || at.back() != c)) made.push_back(c);
            at.push_back(c);
        }
        if (made != labels) continue;
        total += probability;
        for (int64_t t = 0; t < times; ++t)
            shares[size_t(t * classes + at[size_t(t)])] += probability;
    }
    for (double &share : shares) share /= total > 0 ? total : 1;
    return -std::log(total);
}

template <class T>
void test_paths(int64_t blank) {
    const int64_t times = 5, batch = 4, classes = 3, longest = 3, states = 2 * longest + 1;
    const int64_t a = blank == 0 ? 1 : 0, b = 3 - blank - a;
    const std::vector<int64_t> labels{a, a, b, b, a, 0, a, a, a, 0, 0, 0};
    const std::vector<int64_t> lengths{3, 2, 3, 0};
    const std::vector<int32_t> ends{5, 4, 4, 3};  // the third has too few times
    const double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-14;
    auto log_y = noise<T>(times * batch * classes);
    for (int64_t row = 0; row < times * batch; ++row) {
        double sum = 0;
        for (int64_t c = 0; c < classes; ++c) sum += std::exp(double(log_y[size_t(row * classes + c)]));
        for (int64_t c = 0; c < classes; ++c) {
            T &value = log_y[size_t(row * classes + c)];
            value = T(double(value) - std::log(sum));
        }
    }
    Test loss{text_of("ctc_loss of %d bytes, blank %d", int(sizeof(T)), int(blank)), "ctc_loss",
              {int64_t(sizeof(T)), times, batch, classes, longest, blank, 3, 3, 2}, {},
              {Array::of(labels), Array::of(log_y), Array::of(lengths), Array::of(ends)},
              {Array::empty<T>(batch), Array::empty<T>(times * batch * states)}};
    loss.run();
    Test slope{"ctc_gradient, " + loss.name, "ctc_gradient", loss.ints, {}, loss.inputs,
               {Array::empty<T>(times * batch * classes)}};
    for (const Array &made : loss.outputs) slope.inputs.push_back(made);
    slope.run();
    std::vector<double> losses, slopes(size_t(times * batch * classes));
    for (int64_t n = 0; n < batch; ++n) {
        std::vector<double> y, shares;
        for (int64_t t = 0; t < ends[size_t(n)]; ++t)
            for (int64_t c = 0; c < classes; ++c)
                y.push_back(std::exp(double(log_y[size_t((t * batch + n) * classes + c)])));
        const auto first = labels.begin() + n * longest;
        losses.push_back(loss_of_paths({first, first + lengths[size_t(n)]}, y, ends[size_t(n)],
                                       classes, blank, shares));
        for (size_t i = 0; i < y.size() && std::isfinite(losses.back()); ++i) {
            const int64_t t = int64_t(i) / classes, c = int64_t(i) % classes;
            slopes[size_t((t * batch + n) * classes + c)] = y[i] - shares[i];
        }
    }
    expect_close(loss.name, loss.result<T>(), losses, tolerance);
    expect_close(slope.name, slope.result<T>(), slopes, 4 * tolerance, 1);
}

int64_t edits(const std::vector<float> &a, const std::vector<float> &b, size_t i, size_t j) {
    if (i == a.size() || j == b.size()) return int64_t(a.size() - i + b.size() - j);
    if (a[i] == b[j]) return edits(a, b, i + 1, j + 1);
    return 1 + std::min({edits(a, b, i + 1, j), edits(a, b, i, j + 1), edits(a, b, i + 1, j + 1)});
}

void test_edits() {
    const int64_t batch = 30, n = 5, m = 6;
    auto a = noise(batch * n, 0, 3), b = noise(batch * m, 0, 3);
    for (float &x : a) x = std::floor(x);
    for (float &x : b) x = std::floor(x);
    std::vector<int64_t> a_lengths;
    std::vector<int32_t> b_lengths;
    std::vector<double> wanted;
    for (int64_t i = 0; i < batch; ++i) {
        a_lengths.push_back(i % (n + 1));
        b_lengths.push_back(int32_t(i % (m + 1)));
        const auto first = a.begin() + i * n, second = b.begin() + i * m;
        wanted.push_back(double(edits({first, first + a_lengths.back()},
                                      {second, second + b_lengths.back()}, 0, 0)));
    }
    Test test{"edit_distance", "edit_distance", {batch, n, m, 0, 3, 2, false}, {},
              {Array::of(a), Array::of(b), Array::of(a_lengths), Array::of(b_lengths)},
              {Array::empty<float>(batch)}};
    test.run();
    expect_close(test.name, test.result<float>(), wanted, 0, 1);
}

}  // namespace

void test_draws() {
    for (int64_t distribution : {0, 1, 2, 3})
        for (int64_t count : {1, 255, 257, 9000}) {
            test_inversion<float>(distribution, count);
            test_inversion<double>(distribution, count);
        }
    for (double parameter : {0.3, 4.0, 40.0}) {
        test_moments("random_gamma", parameter, {8, false});
        test_moments("random_poisson", parameter, {1});
    }
    for (int64_t count : {1, 2, 255, 5000}) test_permutation(count);
    for (int64_t sampler : {0, 1, 2})
        for (bool is_unique : {false, true}) {
            test_samples(sampler, 1, is_unique);
            test_samples(sampler, 100, is_unique);
        }
    Test rare{"too rare", "sample_classes", {0, 5, true, 4, 1000, 8}, {0}, {key()},
              {Array::empty<int64_t>(5), Array::empty<int64_t>(1)}};
    rare.run();
    expect(rare.error != nullptr, rare.name, "found five of four classes");
}

void test_labels() {
    for (int64_t blank : {0, 1, 2}) {
        test_paths<float>(blank);
        test_paths<double>(blank);
    }
    test_edits();
}
