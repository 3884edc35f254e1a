// Vectors as wide as the instruction set's registers, for kernels written once.
//
// GCC's and Clang's vector types give + - * / < and ?: in portable code; the compiler contracts
// a * b + c to one FMA. Only what they cannot say is written per instruction set.
#pragma once
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 64")
#define NO_UNROLL _Pragma("GCC unroll 1")

namespace {

#if defined(__AVX512F__)
#define VECTOR_CONSTRAINT "v"
constexpr int VECTOR_BYTES = 64;
constexpr int REGISTERS = 32;
#elif defined(__AVX2__)
#define VECTOR_CONSTRAINT "x"
constexpr int VECTOR_BYTES = 32;
constexpr int REGISTERS = 16;
#elif defined(__aarch64__)
#define VECTOR_CONSTRAINT "w"
constexpr int VECTOR_BYTES = 16;
constexpr int REGISTERS = 32;
#else
#define VECTOR_CONSTRAINT "x"
constexpr int VECTOR_BYTES = 16;
constexpr int REGISTERS = 16;
#endif

template <class T> struct VectorOf {
    typedef T type __attribute__((vector_size(VECTOR_BYTES)));
    typedef T loose __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(T)), may_alias));
};
template <class T> using Vector = typename VectorOf<T>::type;
template <class T> constexpr int LANES = VECTOR_BYTES / int(sizeof(T));

typedef Vector<float> vf;
typedef Vector<double> vd;
typedef Vector<int32_t> vi;
constexpr int VL = LANES<float>;

template <class T> INLINE Vector<T> load(const T *p) {  // from any address
    return *(const typename VectorOf<T>::loose *)p;
}
template <class T> INLINE void store(T *p, Vector<T> v) { *(typename VectorOf<T>::loose *)p = v; }

// x in every lane. GCC makes one broadcast of it, and of a loop over lanes, insertions; x - 0 is x,
// also for -0.
template <class T> INLINE Vector<T> splat(T x) { return x - Vector<T>{}; }

#if defined(__AVX2__) && !defined(__AVX512F__)
alignas(64) constexpr int32_t FIRST_LANES[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#endif
#if defined(__SSE2__) && !defined(__AVX512F__)
// Two floats, moved as a double at any address: _mm_load_sd wants that of a double.
typedef double TwoFloats __attribute__((aligned(sizeof(float)), may_alias));

INLINE __m128 load_below_4(const float *p, int64_t n) {
    if (!(n & 2)) return n & 1 ? _mm_load_ss(p) : _mm_setzero_ps();
    const __m128 two = _mm_castpd_ps(_mm_set_sd(*(const TwoFloats *)p));
    return n & 1 ? _mm_movelh_ps(two, _mm_load_ss(p + 2)) : two;
}
INLINE void store_below_4(float *p, __m128 v, int64_t n) {
    if (n & 2) {
        *(TwoFloats *)p = _mm_cvtsd_f64(_mm_castps_pd(v));
        v = _mm_movehl_ps(v, v);
    }
    if (n & 1) _mm_store_ss(p + (n & 2), v);
}
#elif defined(__aarch64__)
INLINE float32x4_t load_below_4(const float *p, int64_t n) {
    float32x4_t v = vdupq_n_f32(0);
    if (n & 2) v = vcombine_f32(vld1_f32(p), vdup_n_f32(0));
    if (n & 1) v = n & 2 ? vld1q_lane_f32(p + 2, v, 2) : vld1q_lane_f32(p, v, 0);
    return v;
}
INLINE void store_below_4(float *p, float32x4_t v, int64_t n) {
    if (n & 2) {
        vst1_f32(p, vget_low_f32(v));
        v = vextq_f32(v, v, 2);
    }
    if (n & 1) vst1q_lane_f32(p + (n & 2), v, 0);
}
#endif

// The first n lanes, 0 <= n <= LANES; the others read as zero and are not touched in memory.
template <class T> INLINE Vector<T> load_first(const T *p, int64_t n) {
    if (n >= LANES<T>) return load(p);
    [[maybe_unused]] constexpr int UNITS = sizeof(T) / 4;  // of 4 bytes a lane
#if defined(__AVX512F__)
    if constexpr (UNITS == 1)
        return (Vector<T>)_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), (const float *)p);
    if constexpr (UNITS == 2)
        return (Vector<T>)_mm512_maskz_loadu_pd(__mmask8((1u << n) - 1), (const double *)p);
#elif defined(__AVX2__)
    if constexpr (UNITS > 0)
        return (Vector<T>)_mm256_maskload_ps(
            (const float *)p, _mm256_loadu_si256((const __m256i *)(FIRST_LANES + 8 - UNITS * n)));
#elif defined(__SSE2__) || defined(__aarch64__)
    if constexpr (UNITS > 0) return (Vector<T>)load_below_4((const float *)p, UNITS * n);
#endif
    Vector<T> v = {};
    for (int i = 0; i < n; ++i) v[i] = p[i];
    return v;
}
template <class T> INLINE void store_first(T *p, Vector<T> v, int64_t n) {
    if (n >= LANES<T>) return store(p, v);
    [[maybe_unused]] constexpr int UNITS = sizeof(T) / 4;
#if defined(__AVX512F__)
    if constexpr (UNITS == 1)
        return _mm512_mask_storeu_ps((float *)p, __mmask16((1u << n) - 1), (__m512)v);
    if constexpr (UNITS == 2)
        return _mm512_mask_storeu_pd((double *)p, __mmask8((1u << n) - 1), (__m512d)v);
#elif defined(__AVX2__)
    if constexpr (UNITS > 0) {  // by halves: some processors run AVX2's masked store very slowly
        float *to = (float *)p;
        __m128 part = _mm256_castps256_ps128((__m256)v);
        if (UNITS * n & 4) {
            _mm_storeu_ps(to, part);
            part = _mm256_extractf128_ps((__m256)v, 1);
        }
        return store_below_4(to + (UNITS * n & 4), part, UNITS * n);
    }
#elif defined(__SSE2__)
    if constexpr (UNITS > 0) return store_below_4((float *)p, (__m128)v, UNITS * n);
#elif defined(__aarch64__)
    if constexpr (UNITS > 0) return store_below_4((float *)p, (float32x4_t)v, UNITS * n);
#endif
    for (int i = 0; i < n; ++i) p[i] = v[i];
}

// Past the caches, for large results that nobody reads soon. The address must be a multiple of
// VECTOR_BYTES. Call stream_end before other threads may read.
INLINE void stream(float *p, vf v) {
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX2__)
    _mm256_stream_ps(p, (__m256)v);
#elif defined(__x86_64__)
    _mm_stream_ps(p, (__m128)v);
#else
    store(p, v);
#endif
}
INLINE void stream_end() {
#if defined(__x86_64__)
    _mm_sfence();
#endif
}

// x, but no more, or no less, than a bound; NaN for NaN. One instruction: its second operand wins
// where the comparison has no answer.
INLINE vf at_most(vf x, float bound) {
#if defined(__AVX512F__)
    return (vf)_mm512_min_ps((__m512)splat(bound), (__m512)x);
#elif defined(__AVX2__)
    return (vf)_mm256_min_ps((__m256)splat(bound), (__m256)x);
#elif defined(__x86_64__)
    return (vf)_mm_min_ps((__m128)splat(bound), (__m128)x);
#else
    return x > splat(bound) ? splat(bound) : x;
#endif
}
INLINE vf at_least(vf x, float bound) {
#if defined(__AVX512F__)
    return (vf)_mm512_max_ps((__m512)splat(bound), (__m512)x);
#elif defined(__AVX2__)
    return (vf)_mm256_max_ps((__m256)splat(bound), (__m256)x);
#elif defined(__x86_64__)
    return (vf)_mm_max_ps((__m128)splat(bound), (__m128)x);
#else
    return x < splat(bound) ? splat(bound) : x;
#endif
}

// Nearest whole number of |x| < 2^22. Without an instruction for it, adding 1.5 * 2^23 pushes the
// fraction out of the mantissa.
INLINE vf nearest_whole(vf x) {
#if defined(__AVX512F__)
    return (vf)_mm512_roundscale_ps((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
    return (vf)_mm256_round_ps((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
    const vf shift = splat(12582912.0f);
    vf sum = x + shift;
    __asm__("" : "+" VECTOR_CONSTRAINT(sum));  // or the compiler might cancel the two
    return sum - shift;
#endif
}
// The largest whole number that is not above x; infinities and NaN are themselves.
INLINE vd whole_below(vd x) {
#if defined(__AVX512F__)
    return (vd)_mm512_maskz_roundscale_pd(__mmask8(-1), (__m512d)x,
                                          _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
    return (vd)_mm256_floor_pd((__m256d)x);
#elif defined(__aarch64__)
    return (vd)vrndmq_f64((float64x2_t)x);
#else
    // Adding 1.5 * 2^52 rounds |x| < 2^51 to the nearest; from 2^52 on all numbers are whole.
    const vd shift = splat(6755399441055744.0);
    vd sum = x + shift;
    __asm__("" : "+" VECTOR_CONSTRAINT(sum));  // or the compiler might cancel the two
    const vd nearest = sum - shift, below = nearest > x ? nearest - splat(1.0) : nearest;
    const vd size = x < vd{} ? -x : x;
    return size < splat(2251799813685248.0) ? below : x;
#endif
}
INLINE vf power_of_two(vi n) { return (vf)((n + 127) << 23); }  // -126 <= n <= 127
// x 2^n for whole |n| <= 252 and 1/2 <= x <= 2, rounded once, also to denormals and infinity.
INLINE vf scaled(vf x, vf n) {
#if defined(__AVX512F__)
    return (vf)_mm512_scalef_ps((__m512)x, (__m512)n);
#else
    const vi whole = __builtin_convertvector(n, vi), half = whole >> 1;
    return x * power_of_two(half) * power_of_two(whole - half);
#endif
}

// Bytes as floats, from any address, and back: the nearest whole numbers, halves to even, within
// 0 .. 255; NaN becomes 0.
typedef float f4 __attribute__((vector_size(16)));
typedef float f8 __attribute__((vector_size(32)));

INLINE f4 four_bytes(const uint8_t *p) {
#if defined(__SSE2__)
    int32_t bits;
    __builtin_memcpy(&bits, p, 4);
    const __m128i bytes = _mm_cvtsi32_si128(bits);
#if defined(__AVX2__)
    return (f4)_mm_cvtepi32_ps(_mm_cvtepu8_epi32(bytes));
#else
    const __m128i zero = _mm_setzero_si128();
    return (f4)_mm_cvtepi32_ps(_mm_unpacklo_epi16(_mm_unpacklo_epi8(bytes, zero), zero));
#endif
#else
    return f4{float(p[0]), float(p[1]), float(p[2]), float(p[3])};
#endif
}
INLINE f8 eight_bytes(const uint8_t *p) {
#if defined(__AVX2__)
    return (f8)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
#else
    const f4 halves[2] = {four_bytes(p), four_bytes(p + 4)};
    f8 v;
    __builtin_memcpy(&v, halves, sizeof(v));
    return v;
#endif
}
INLINE void store_bytes(uint8_t *p, f4 v) {
#if defined(__SSE2__)
    // The conversions round and saturate by themselves, but beyond 2^31 and NaN become negative.
    const __m128i whole = _mm_cvtps_epi32(_mm_min_ps(_mm_set1_ps(255), (__m128)v));
    const __m128i pairs = _mm_packs_epi32(whole, whole);
    const int32_t bits = _mm_cvtsi128_si32(_mm_packus_epi16(pairs, pairs));
    __builtin_memcpy(p, &bits, 4);
#else
    for (int i = 0; i < 4; ++i) {
        float x = v[i] > 0 ? v[i] : 0.0f;
        x = x < 255 ? x : 255.0f;
        p[i] = uint8_t(int32_t(x + 8388608.0f) - 8388608);  // from 2^23 on there is no fraction
    }
#endif
}

// Floats whose upper half, a bfloat16, is the nearest, ties to even; the lower is left over.
typedef Vector<uint32_t> vu;

INLINE vu rounded_to_half(vf x) {
    const vu bits = (vu)x, even = bits >> 16 & 1;
    return x == x ? bits + 0x7fff + even : bits | 0x400000;  // NaN stays NaN
}
// Of each lane the upper halves of two rounded floats: the first below, the second above.
INLINE vu rounded_pairs(vf first, vf second) {
#if defined(__AVX512BF16__)
    uint16_t order[2 * VL] = {};
    for (int i = 0; i < VL; ++i) order[2 * i] = uint16_t(i), order[2 * i + 1] = uint16_t(VL + i);
    const __m512bh both = _mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
    return (vu)_mm512_permutexvar_epi16(_mm512_loadu_si512(order), (__m512i)both);
#else
    return rounded_to_half(first) >> 16 | (rounded_to_half(second) & 0xffff0000u);
#endif
}
// The upper halves of 2 VL rounded floats.
INLINE void store_upper_halves(uint16_t *to, const float *from) {
#if defined(__AVX512BF16__)
    const __m512bh both = _mm512_cvtne2ps_pbh((__m512)load(from + VL), (__m512)load(from));
    __builtin_memcpy(to, &both, sizeof both);
#else
    for (int i = 0; i < 2 * VL; i += VL) {
        const vu bits = rounded_to_half(load(from + i)) >> 16;
        for (int j = 0; j < VL; ++j) to[i + j] = uint16_t(bits[j]);
    }
#endif
}

// max(x, 0), and NaN for NaN.
template <class T> INLINE Vector<T> relu(Vector<T> x) {
    return x < Vector<T>{} ? Vector<T>{} : x;
}
// The larger; NaN where either is.
template <class T> INLINE Vector<T> larger(Vector<T> a, Vector<T> b) {
    const Vector<T> m = a > b ? a : b;
    return a == a ? m : a;
}
template <class T> INLINE T sum_lanes(Vector<T> v) {  // in a fixed order, by halves
    for (int half = LANES<T> / 2; half; half /= 2)
        for (int i = 0; i < half; ++i) v[i] += v[i + half];
    return v[0];
}

INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }
INLINE int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
INLINE int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

// Element (i, j) of a block of `rows` x `columns`, at most VL each, goes to to[j * to_row + i]; where
// the block is smaller than VL x VL the rest of the result's VL lanes is zero.
INLINE void transpose_block(const float *from, int64_t from_row, int64_t rows, int64_t columns,
                            float *to, int64_t to_row) {
    vf v[VL];
    for (int i = 0; i < VL; ++i)
        v[i] = i < rows ? load_first(from + i * from_row, greater(0, columns)) : vf{};
    // log2(VL) rounds, each swapping halves of twice the size between pairs of rows
    UNROLL for (int half = 1; half < VL; half *= 2) {
        vi low, high;
        for (int j = 0; j < VL; ++j) {
            low[j] = j & half ? VL + (j ^ half) : j;
            high[j] = j & half ? VL + j : j ^ half;
        }
        UNROLL for (int i = 0; i < VL; ++i)
            if (!(i & half)) {
                const vf a = v[i], b = v[i | half];
                v[i] = __builtin_shuffle(a, b, low);
                v[i | half] = __builtin_shuffle(a, b, high);
            }
    }
    const int64_t n = smaller(VL, columns);
    for (int64_t j = 0; j < n; ++j) store(to + j * to_row, v[j]);
}

}  // namespace
