// Random numbers of distributions, permutations and samples of classes: what core/ops/distributions.py,
// random.py, sampling.py and candidates.py draw, from the same words.
//
// This file is compiled without contraction of products and sums to FMA (kernels.cmake), so a draw has
// the same bits with every instruction set; and NumPy's, but for the last bit of exp and log.
#include "philox.h"
#include "special_functions.h"

namespace {

// By inversion --------------------------------------------------------------------------------------

enum Distribution : int64_t { NORMAL = 0, TRUNCATED_NORMAL = 1, EXPONENTIAL = 2, LAPLACE = 3 };

// Standard normal numbers: the centre, five of six, in vectors; then each in a tail.
void quantiles(const double *u, double *x, int64_t n) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) x[i] = quantile_of_centre(u[i] - 0.5);
    for (int64_t i = 0; i < n; ++i)
        if (__builtin_fabs(u[i] - 0.5) > CENTRE_HALF)
            x[i] = quantile_of_tail(u[i] - 0.5, u[i] < 1.0 - u[i] ? u[i] : 1.0 - u[i]);
}

void invert(int64_t distribution, double *u, double *x, int64_t n) {
    constexpr double LOW = 0.022750131948179195;  // Phi(-2)
    switch (distribution) {
        case TRUNCATED_NORMAL:
            for (int64_t i = 0; i < n; ++i) u[i] = LOW + (1.0 - 2.0 * LOW) * u[i];
            return quantiles(u, x, n);
        case EXPONENTIAL:
            for (int64_t i = 0; i < n; ++i) x[i] = -__builtin_log(u[i]);
            return;
        case LAPLACE:
            for (int64_t i = 0; i < n; ++i) {
                const double tail = __builtin_log(2 * (u[i] < 1 - u[i] ? u[i] : 1 - u[i]));
                x[i] = u[i] < 0.5 ? tail : -tail;
            }
            return;
        default: return quantiles(u, x, n);
    }
}

template <class T> void by_inversion(Call *call) {
    T *y = (T *)call->buffers[1];
    each_batch(call, call->ints[2], [&](int64_t first, const Words &words, int64_t n) {
        double u[4 * BATCH], x[4 * BATCH];
        for (int64_t i = 0; i < n; ++i) u[i] = open_uniform(words.at(i));
        invert(call->ints[0], u, x, n);
        for (int64_t i = 0; i < n; ++i) y[first + i] = T(x[i]);
    });
}

// ints: distribution, bytes of an element, count.  buffers: key, numbers of mean 0 and scale 1, or of
// mean 1 (exponential).
void random_by_inversion(Call *call) {
    if (call->ints[1] == 4) by_inversion<float>(call);
    else by_inversion<double>(call);
}

// By rejection --------------------------------------------------------------------------------------

constexpr int ATTEMPTS = 64;

// The uniforms of one sample: a Philox block for each attempt. Those of the first are made for many
// samples at once.
struct Uniforms {
    const uint32_t *key;
    uint64_t sample;
    double u[4];

    void read(const Words &words, int i) {
        for (int w = 0; w < 4; ++w) u[w] = open_uniform(words.word[w][i]);
    }
    void draw(int attempt) {  // unless it is the first
        if (attempt == 0) return;
        WordsOf<1> words;
        philox(key, sample | uint64_t(attempt) << 48, words);
        for (int w = 0; w < 4; ++w) u[w] = open_uniform(words.at(w));
    }
};

// store(i, number(uniforms, parameter of sample i)) for each sample. ints 0 .. 2: bytes of a parameter,
// samples, parameters, which repeat.
template <class Number, class Store>
void each_sample(Call *call, const Number &number, const Store &store_number) {
    const int64_t bytes = call->ints[0], count = call->ints[1], period = call->ints[2];
    const uint32_t *key = (const uint32_t *)call->buffers[0];
    const void *parameters = call->buffers[1];
    parallel_spans(call, count, 8 * BATCH, [&](int64_t begin, int64_t end) {
        Words words;
        for (int64_t first = begin; first < end; first += BATCH) {
            philox(key, uint64_t(first), words);
            const int64_t n = smaller(BATCH, end - first);
            for (int64_t i = 0; i < n; ++i) {
                const int64_t place = (first + i) % period;
                const double parameter = bytes == 4 ? double(((const float *)parameters)[place])
                                                    : ((const double *)parameters)[place];
                Uniforms uniforms{key, uint64_t(first + i), {}};
                uniforms.read(words, int(i));
                store_number(first + i, number(uniforms, parameter));
            }
        }
    });
}

// The logarithm of a gamma number: Marsaglia and Tsang, "A simple method for generating gamma
// variables", 2000, for alpha >= 1; below, that of alpha + 1 times u^(1 / alpha) (section 6).
double log_of_gamma_number(Uniforms &uniforms, double alpha) {
    const bool is_small = alpha < 1;
    const double d = (is_small ? alpha + 1 : alpha) - 1.0 / 3, c = 1 / __builtin_sqrt(9 * d);
    const double boost = is_small ? __builtin_log(uniforms.u[2]) / alpha : 0.0;
    double cube = 1;
    for (int attempt = 0; attempt < ATTEMPTS; ++attempt) {
        uniforms.draw(attempt);
        const double u = uniforms.u[0];
        const double x = normal_quantile(u - 0.5, u < 1.0 - u ? u : 1.0 - u), v = 1 + c * x;
        cube = v * v * v;
        const double bound = 0.5 * x * x + d * (1 - cube + __builtin_log(cube));
        // NaN is not rejected for ever
        if (!(cube <= 0 || __builtin_log(uniforms.u[1]) >= bound)) break;
    }
    return alpha < 0 ? __builtin_nan("") : __builtin_log(d * cube) + boost;
}

// ints: bytes of a parameter, samples, parameters, bytes of a result, whether logarithms are wanted.
// buffers: key, alpha, numbers.
void random_gamma(Call *call) {
    void *y = call->buffers[2];
    const bool is_float = call->ints[3] == 4, is_logarithm = call->ints[4];
    each_sample(call, log_of_gamma_number, [&](int64_t i, double logarithm) {
        const double x = is_logarithm ? logarithm : __builtin_exp(logarithm);
        if (is_float) ((float *)y)[i] = float(x);
        else ((double *)y)[i] = x;
    });
}

// The first k whose distribution function is at least u, a number of 52 bits.
double poisson_by_inversion(const Uniforms &uniforms, double rate) {
    const double u = uniforms.u[0] - 0x1p-33 + uniforms.u[1] * 0x1p-32;
    double term = __builtin_exp(-rate), total = term;
    int k = 0;
    while (u > total && k < 63) {  // beyond which a rate of 10 leaves 1e-29
        ++k;
        term *= rate / k;
        total += term;
    }
    return k;
}

// Hörmann, "The transformed rejection method for generating Poisson random variables", 1993, algorithm
// PTRS: a hat of two parts, and the quotient of the weights.
double poisson_by_rejection(Uniforms &uniforms, double rate) {
    const double b = 0.931 + 2.53 * __builtin_sqrt(rate), a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
    for (int attempt = 0; attempt < ATTEMPTS; ++attempt) {
        uniforms.draw(attempt);
        const double u = uniforms.u[0] - 0.5, v = uniforms.u[1];
        const double distance = 0.5 - __builtin_fabs(u);
        const double k = __builtin_floor((2 * a / distance + b) * u + rate + 0.43);
        if (distance >= 0.07 && v <= v_r) return k;
        if (k < 0 || (distance < 0.013 && v > distance)) continue;
        const double weight = __builtin_log(v * inverse_alpha / (a / (distance * distance) + b));
        if (weight <= k * __builtin_log(rate) - rate - log_gamma(k + 1)) return k;
    }
    return __builtin_floor(rate);
}

// A number that is no rate gives 0.
double poisson_number(Uniforms &uniforms, double rate) {
    if (rate < 10) return poisson_by_inversion(uniforms, rate);
    return rate >= 10 ? poisson_by_rejection(uniforms, rate) : 0.0;
}

template <class T> T to_integer(double x) {  // the least one for what is beyond the type
    constexpr double LIMIT = double(uint64_t(1) << (8 * sizeof(T) - 1));
    return x >= -LIMIT && x < LIMIT ? T(x) : T(uint64_t(1) << (8 * sizeof(T) - 1));
}

enum Result : int64_t { FLOAT32 = 0, FLOAT64 = 1, INT32 = 2, INT64 = 3 };

// ints: bytes of a parameter, samples, parameters, type of the result.  buffers: key, rates, numbers.
void random_poisson(Call *call) {
    void *y = call->buffers[2];
    const int64_t type = call->ints[3];
    const auto number = [&](Uniforms &uniforms, double rate) {
        if (type < INT32 && !(rate >= 0)) return __builtin_nan("");
        return poisson_number(uniforms, rate);
    };
    each_sample(call, number, [&](int64_t i, double k) {
        switch (type) {
            case FLOAT32: ((float *)y)[i] = float(k); return;
            case FLOAT64: ((double *)y)[i] = k; return;
            case INT32: ((int32_t *)y)[i] = to_integer<int32_t>(k); return;
            default: ((int64_t *)y)[i] = to_integer<int64_t>(k);
        }
    });
}

// Permutations and places ---------------------------------------------------------------------------

int64_t permutation_workspace(const int64_t *ints) { return 3 * 8 * ints[0]; }

// The order of random words of 64 bits: a radix sort by one byte after another, lowest first, each pass
// of which is stable.
// ints: count.  buffers: key, numbers int64.
void random_permutation(Call *call) {
    const int64_t count = call->ints[0];
    int64_t *order = (int64_t *)call->buffers[1];
    uint64_t *words = (uint64_t *)call->workspace, *next_words = words + count;
    int64_t *next_order = (int64_t *)(next_words + count);
    each_word(call, 2 * count, [&](int64_t i, uint32_t word) {
        if ((i & 1) == 0) words[i >> 1] = uint64_t(word) << 32;
        else words[i >> 1] |= word;
    });
    for (int64_t i = 0; i < count; ++i) order[i] = i;
    for (int shift = 0; shift < 64; shift += 8) {
        int64_t places[257] = {};
        for (int64_t i = 0; i < count; ++i) ++places[(words[i] >> shift & 255) + 1];
        for (int digit = 0; digit < 256; ++digit) places[digit + 1] += places[digit];
        for (int64_t i = 0; i < count; ++i) {
            const int64_t place = places[words[i] >> shift & 255]++;
            next_words[place] = words[i];
            next_order[place] = order[i];
        }
        uint64_t *const old_words = words;
        int64_t *const old_order = order;
        words = next_words, order = next_order;  // eight exchanges: the last is into the output
        next_words = old_words, next_order = old_order;
    }
}

// ints: count.  buffers: uniforms float64, how many places there are float64, places int64.
void crop_offsets(Call *call) {
    const double *u = (const double *)call->buffers[0], *places = (const double *)call->buffers[1];
    int64_t *y = (int64_t *)call->buffers[2];
    for (int64_t i = 0; i < call->ints[0]; ++i) y[i] = int64_t(u[i] * places[i]);
}

// Samples of classes --------------------------------------------------------------------------------

enum Sampler : int64_t { UNIFORM = 0, LOG_UNIFORM = 1, UNIGRAM = 2 };

// ints: sampler, classes to draw, whether they are distinct, number of classes, most draws, bytes of a
// weight.
struct Sample {
    int64_t sampler, count, is_unique, classes, most_draws, weight_bytes;

    explicit Sample(const int64_t *v)
        : sampler(v[0]), count(v[1]), is_unique(v[2]), classes(v[3]), most_draws(v[4]),
          weight_bytes(v[5]) {}
    int64_t sums_bytes() const { return sampler == UNIGRAM ? 8 * classes : 0; }
    int64_t seen_bytes() const { return is_unique ? classes / 8 + 1 : 0; }  // a bit a class
};

int64_t sample_workspace(const int64_t *ints) {
    const Sample s(ints);
    return s.sums_bytes() + s.seen_bytes() + 64;  // and a text
}

// How many of the running sums are not above x.
int64_t place_among(const double *sums, int64_t count, double x) {
    int64_t low = 0, high = count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (sums[middle] <= x) low = middle + 1;
        else high = middle;
    }
    return low;
}

int64_t class_of(const Sample &s, double u, double scale, const double *sums) {
    const int64_t last = s.classes - 1;
    switch (s.sampler) {
        case UNIFORM: return int64_t(u * double(s.classes));
        case LOG_UNIFORM: return smaller(int64_t(__builtin_exp(u * scale)) - 1, last);
        default: return place_among(sums, s.classes, u * sums[last]);
    }
}

// "12 distinct classes"
void write_found(char *text, int64_t found) {
    char digits[24];
    int length = 0;
    do digits[length++] = char('0' + found % 10);
    while (found /= 10);
    while (length) *text++ = digits[--length];
    const char *rest = " distinct classes";
    do *text++ = *rest;
    while (*rest++);
}

// reals: of a logarithmic sampler, log(classes + 1).
// buffers: key, perhaps weights int32 or int64; sampled classes int64, () draws int64.
void sample_classes(Call *call) {
    const Sample s(call->ints);
    const bool has_weights = s.sampler == UNIGRAM;
    int64_t *sampled = (int64_t *)call->buffers[1 + has_weights];
    double *sums = (double *)call->workspace;
    uint8_t *seen = (uint8_t *)call->workspace + s.sums_bytes();
    for (int64_t i = 0; i < s.seen_bytes(); ++i) seen[i] = 0;
    double total = 0;
    for (int64_t i = 0; has_weights && i < s.classes; ++i) {
        const void *weights = call->buffers[1];
        total += s.weight_bytes == 4 ? double(((const int32_t *)weights)[i])
                                     : double(((const int64_t *)weights)[i]);
        sums[i] = total;
    }
    const uint32_t *key = (const uint32_t *)call->buffers[0];
    int64_t found = 0, draws = 0;
    Words words;
    for (; found < s.count && draws < s.most_draws; ++draws) {
        const int64_t at = draws % (4 * BATCH);
        if (at == 0) philox(key, uint64_t(draws / 4), words);
        const int64_t chosen = class_of(s, open_uniform(words.at(at)), call->reals[0], sums);
        uint8_t *const bits = seen + (s.is_unique ? chosen >> 3 : 0);
        const int bit = 1 << (chosen & 7);
        if (s.is_unique && (*bits & bit)) continue;
        if (s.is_unique) *bits = uint8_t(*bits | bit);
        sampled[found++] = chosen;
    }
    *(int64_t *)call->buffers[2 + has_weights] = draws;
    if (found == s.count) return;
    char *const text = call->workspace + s.sums_bytes() + s.seen_bytes();
    write_found(text, found);
    call->error = text;
}

}  // namespace

KERNEL_TABLE(distributions, {"random_by_inversion", random_by_inversion, nullptr},
             {"random_gamma", random_gamma, nullptr},
             {"random_poisson", random_poisson, nullptr},
             {"random_permutation", random_permutation, permutation_workspace},
             {"crop_offsets", crop_offsets, nullptr},
             {"sample_classes", sample_classes, sample_workspace})
