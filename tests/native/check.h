// What the tests of kernels share: memory with fences, calls on several teams, comparisons in
// double.
//
// A kernel gets arrays that start at an element's alignment, no better, and end where memory ends:
// under the address sanitizer at once, else at a fence of bytes that must stay as they are.
#pragma once
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "dispatch.h"
#include "pool.h"

extern int checks, failures;

inline void fail(const std::string &what, const std::string &why) {
    ++failures;
    std::printf("FAILED %s: %s\n", what.c_str(), why.c_str());
}
inline void expect(bool is_true, const std::string &what, const std::string &why) {
    ++checks;
    if (!is_true) fail(what, why);
}

class Array {
  public:
    template <class T>
    static Array of(const std::vector<T> &values) {
        Array array(values.size() * sizeof(T), sizeof(T));
        if (!values.empty()) std::memcpy(array.data(), values.data(), array.bytes_);
        return array;
    }
    template <class T>
    static Array empty(int64_t count) {
        return Array(size_t(count) * sizeof(T), sizeof(T));
    }

    Array(size_t bytes, size_t alignment) : bytes_(bytes), start_(FENCE + alignment) {
        memory_ = static_cast<unsigned char *>(std::malloc(start_ + bytes + FENCE));
        std::memset(memory_, 0x5a, start_ + bytes + FENCE);
        forget();
    }
    Array(const Array &other) : Array(other.bytes_, other.start_ - FENCE) {
        std::memcpy(memory_, other.memory_, start_ + bytes_ + FENCE);
    }
    Array &operator=(const Array &) = delete;
    ~Array() { std::free(memory_); }

    void *data() const { return memory_ + start_; }
    size_t bytes() const { return bytes_; }
    template <class T>
    T *as() const {
        return reinterpret_cast<T *>(memory_ + start_);
    }
    template <class T>
    std::vector<T> values() const {
        return {as<T>(), as<T>() + bytes_ / sizeof(T)};
    }
    void forget() { std::memset(data(), 0xff, bytes_); }  // NaNs
    bool is_fenced() const {
        for (size_t i = 0; i < start_; ++i)
            if (memory_[i] != 0x5a) return false;
        for (size_t i = 0; i < FENCE; ++i)
            if (memory_[start_ + bytes_ + i] != 0x5a) return false;
        return true;
    }

  private:
#if defined(__SANITIZE_ADDRESS__)
    static constexpr size_t FENCE = 0;
#else
    static constexpr size_t FENCE = 64;
#endif
    size_t bytes_, start_;
    unsigned char *memory_;
};

// Numbers between -1 and 1, the same each time.
template <class T = float>
std::vector<T> noise(int64_t count, double from = -1, double to = 1) {
    static std::mt19937 bits(7);
    std::vector<T> values(static_cast<size_t>(count));
    for (T &value : values) value = T(from + (to - from) * (double(bits()) / 4294967296.0));
    return values;
}
template <class T>
std::vector<double> widen(const std::vector<T> &values) {
    return {values.begin(), values.end()};
}

// A kernel's call. `outputs` are compared, and filled with NaNs before each run, unless
// `is_updated`.
struct Test {
    std::string name;
    const char *kernel;
    std::vector<int64_t> ints;
    std::vector<double> reals;
    std::vector<Array> inputs, outputs;

    // Runs it on one thread with memory of exact sizes, and on 1 to 4 threads, with equal bits.
    void run();
    const char *error = nullptr;  // what the kernel said
    template <class T>
    std::vector<T> result(size_t output = 0) const {
        return outputs[output].values<T>();
    }
};

// The largest error relative to `scale`, by default the largest expected value.
template <class T>
void expect_close(const std::string &what, const std::vector<T> &got,
                  const std::vector<double> &wanted, double tolerance, double scale = 0) {
    ++checks;
    if (got.size() != wanted.size()) return fail(what, "sizes differ");
    for (double value : scale ? std::vector<double>{} : wanted)
        if (std::isfinite(value)) scale = std::fmax(scale, std::fabs(value));
    for (size_t i = 0; i < got.size(); ++i) {
        const double error = std::fabs(double(got[i]) - wanted[i]);
        const bool is_same =
            double(got[i]) == wanted[i] || (std::isnan(double(got[i])) && std::isnan(wanted[i]));
        if (is_same || error <= tolerance * scale) continue;
        char text[160];
        std::snprintf(text, sizeof text,
                      "element %zu of %zu: got %.9g, expected %.9g, error %.3g of %.3g", i,
                      got.size(), double(got[i]), wanted[i], error / scale, tolerance);
        return fail(what, text);
    }
}

inline std::string text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
inline std::string text_of(const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

void test_products();
void test_convolutions();
void test_winograd();
void test_pooling();
void test_reductions();
void test_softmax();
void test_normalization();
void test_elementwise();
void test_chains();
void test_random();
void test_draws();
void test_labels();
void test_matrices();
void test_movement();
void test_indices();
void test_lines();
void test_plain_products();
void test_images();
void test_plans();
