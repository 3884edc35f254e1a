// One operation on one block, for every operation and element type: the table of elementwise.cpp.
//
// Loops are plain; the compiler makes vectors of them. Of what depends on a math library, exp and its
// kin have vector forms for float32 (../math.h); the rest call the C library for each element.
#pragma once
#include "../math.h"
#include "../types.h"
#include "composites.h"
#include "special_functions.h"

namespace {

constexpr int MAX_STEPS = 64;

// What an element is computed with: a half as float, see half.h.
template <class T> struct Computed {
    typedef T type;
};
template <> struct Computed<Half> {
    typedef float type;
};
template <class T> INLINE T computed(T x) { return x; }
INLINE float computed(Half x) { return to_float(x); }
template <class T, class R> INLINE void put(T *to, R x) { *to = x; }
INLINE void put(Half *to, float x) { *to = to_half(x); }

template <class X, class Y, auto function> void map1(void *to, const void *const *from, int64_t n) {
    const X *x = (const X *)from[0];
    Y *y = (Y *)to;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) put(y + i, function(computed(x[i])));
}
template <class X, class Y, auto function> void map2(void *to, const void *const *from, int64_t n) {
    const X *a = (const X *)from[0], *b = (const X *)from[1];
    Y *y = (Y *)to;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) put(y + i, function(computed(a[i]), computed(b[i])));
}
template <class T> void choose(void *to, const void *const *from, int64_t n) {
    const uint8_t *condition = (const uint8_t *)from[0];
    const T *a = (const T *)from[1], *b = (const T *)from[2];
    T *y = (T *)to;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = condition[i] ? a[i] : b[i];
}

// By whole vectors: functions of ../math.h.
template <vf (*function)(vf)> void map_vectors(void *to, const void *const *from, int64_t n) {
    const float *x = (const float *)from[0];
    float *y = (float *)to;
    int64_t i = 0;
    for (; i + VL <= n; i += VL) store(y + i, function(load(x + i)));
    if (i < n) store_first(y + i, function(load_first(x + i, n - i)), n - i);
}
INLINE vf v_cross_entropy(vf labels, vf logits) {
    return relu<float>(logits) - logits * labels + v_log1p(v_exp(-magnitude(logits)));
}
INLINE void cross_entropies(void *to, const void *const *from, int64_t n) {
    const float *labels = (const float *)from[0], *logits = (const float *)from[1];
    float *y = (float *)to;
    for (int64_t i = 0; i < n; i += VL)
        store_first(y + i, v_cross_entropy(load_first(labels + i, n - i), load_first(logits + i, n - i)),
                    n - i);
}

// Of float32, what has a form for vectors; null for the rest.
constexpr BlockFunction vector_function(int op) {
    switch (op) {
        case OP_exp: return map_vectors<v_exp>;
        case OP_expm1: return map_vectors<v_expm1>;
        case OP_log: return map_vectors<v_log>;
        case OP_log1p: return map_vectors<v_log1p>;
        case OP_tanh: return map_vectors<v_tanh>;
        case OP_sigmoid: return map_vectors<v_sigmoid>;
        case OP_softplus: return map_vectors<v_softplus>;
        case OP_elu: return map_vectors<v_elu>;
        case OP_erf: return map_vectors<v_erf>;
        case OP_sigmoid_cross_entropy: return cross_entropies;
        default: return nullptr;
    }
}

// The C library's functions by element type.
#define LIBRARY1(name)                                                                       \
    INLINE float c_##name(float x) { return __builtin_##name##f(x); }                        \
    INLINE double c_##name(double x) { return __builtin_##name(x); }
#define LIBRARY2(name)                                                                       \
    INLINE float c_##name(float x, float y) { return __builtin_##name##f(x, y); }            \
    INLINE double c_##name(double x, double y) { return __builtin_##name(x, y); }
LIBRARY1(exp) LIBRARY1(expm1) LIBRARY1(log) LIBRARY1(log1p) LIBRARY1(tanh) LIBRARY1(erf)
LIBRARY1(erfc) LIBRARY1(sin) LIBRARY1(cos) LIBRARY1(tan) LIBRARY1(asin) LIBRARY1(acos)
LIBRARY1(atan) LIBRARY1(sinh) LIBRARY1(cosh) LIBRARY1(asinh) LIBRARY1(acosh) LIBRARY1(atanh)
LIBRARY1(floor) LIBRARY1(ceil) LIBRARY1(rint) LIBRARY1(sqrt) LIBRARY1(fabs) LIBRARY1(trunc)
LIBRARY2(pow) LIBRARY2(atan2) LIBRARY2(fmod) LIBRARY2(copysign)

// Of one element -----------------------------------------------------------------------------------

#define UNARY(name, formula) \
    template <class T> INLINE T do_##name(T x) { return formula; }
#define BINARY(name, formula) \
    template <class T> INLINE T do_##name(T a, T b) { return formula; }
#define TEST(name, formula) \
    template <class T> INLINE bool do_##name(T x) { return formula; }
#define COMPARISON(name, formula) \
    template <class T> INLINE bool do_##name(T a, T b) { return formula; }

UNARY(copy, x)
UNARY(relu, x < T(0) ? T(0) : x)
UNARY(negative, T(-x))
UNARY(abs, x < T(0) ? T(-x) : x == T(0) ? T(0) : x)
UNARY(sign, x > T(0) ? T(1) : x < T(0) ? T(-1) : x == T(0) ? T(0) : x)
UNARY(square, T(x *x))
UNARY(reciprocal, T(1) / x)
UNARY(sqrt, c_sqrt(x))
UNARY(rsqrt, T(1) / c_sqrt(x))
UNARY(exp, c_exp(x))
UNARY(expm1, c_expm1(x))
UNARY(log, c_log(x))
UNARY(log1p, c_log1p(x))
UNARY(tanh, c_tanh(x))
UNARY(sigmoid, T(1) / (T(1) + c_exp(-x)))
UNARY(softplus, do_relu(x) + c_log1p(c_exp(-c_fabs(x))))
UNARY(softsign, x / (T(1) + c_fabs(x)))
UNARY(elu, x > T(0) ? x : c_expm1(x))
UNARY(erf, c_erf(x))
UNARY(erfc, c_erfc(x))
UNARY(sin, c_sin(x))
UNARY(cos, c_cos(x))
UNARY(tan, c_tan(x))
UNARY(asin, c_asin(x))
UNARY(acos, c_acos(x))
UNARY(atan, c_atan(x))
UNARY(sinh, c_sinh(x))
UNARY(cosh, c_cosh(x))
UNARY(asinh, c_asinh(x))
UNARY(acosh, c_acosh(x))
UNARY(atanh, c_atanh(x))
UNARY(lgamma, T(log_gamma(double(x))))
UNARY(erfinv, T(erfinv(double(x))))
UNARY(ndtri, T(ndtri(double(x))))
UNARY(floor, c_floor(x))
UNARY(ceil, c_ceil(x))
UNARY(round, c_rint(x))
template <class T> INLINE T do_invert(T x) {
    if constexpr (IS_BOOL<T>) return !x;
    else return T(~x);
}
TEST(logical_not, !x)
TEST(is_nan, x != x)
TEST(is_inf, c_fabs(x) == T(__builtin_inf()))
TEST(is_finite, c_fabs(x) < T(__builtin_inf()))
BINARY(add, T(a + b))
BINARY(subtract, T(a - b))
BINARY(multiply, T(a *b))
BINARY(divide, a / b)
BINARY(maximum, a > b || a != a ? a : b)
BINARY(minimum, a < b || a != a ? a : b)
BINARY(atan2, c_atan2(a, b))
BINARY(div_no_nan, b == T(0) ? T(0) : a / b)
BINARY(multiply_no_nan, b == T(0) ? T(0) : T(a *b))
BINARY(xdivy, a == T(0) ? T(0) : a / b)
BINARY(xlogy, a == T(0) ? T(0) : a *c_log(b))
BINARY(polygamma, T(polygamma(int(a), double(b))))  // the order is a constant
BINARY(relu_gradient, b > T(0) ? a : T(0))
BINARY(bit_and, T(a &b))
BINARY(bit_or, T(a | b))
BINARY(bit_xor, T(a ^ b))
COMPARISON(equal, a == b)
COMPARISON(not_equal, a != b)
COMPARISON(less, a < b)
COMPARISON(less_equal, a <= b)
COMPARISON(greater, a > b)
COMPARISON(greater_equal, a >= b)
COMPARISON(logical_and, a &&b)
COMPARISON(logical_or, a || b)
COMPARISON(logical_xor, bool(a) != bool(b))

// labels a, logits b: max(b, 0) - b a + log(1 + exp(-|b|)), which does not overflow
BINARY(sigmoid_cross_entropy, do_relu(b) - b * a + c_log1p(c_exp(-c_fabs(b))))

// Division that rounds down, as Python's; integers by zero give 0, as NumPy's.
template <class T> INLINE T do_floormod(T a, T b) {
    if constexpr (IS_FLOAT<T>) {
        const T rest = c_fmod(a, b);
        if (rest == T(0)) return c_copysign(T(0), b);
        return (rest < T(0)) != (b < T(0)) ? rest + b : rest;
    } else if (b == T(0) || T(b + 1) == T(0)) {
        return IS_SIGNED<T> || b == T(0) ? T(0) : T(a % b);
    } else {
        const T rest = T(a % b);
        return rest != T(0) && (rest < T(0)) != (b < T(0)) ? T(rest + b) : rest;
    }
}
template <class T> INLINE T do_floordiv(T a, T b) {
    if constexpr (IS_FLOAT<T>) {
        if (b == T(0)) return a / b;
        const T rest = c_fmod(a, b), exact = (a - rest) / b;  // of rest + b, infinity may come
        const T whole = rest != T(0) && (rest < T(0)) != (b < T(0)) ? exact - T(1) : exact;
        if (whole == T(0)) return c_copysign(T(0), a / b);
        const T down = c_floor(whole);
        return whole - down > T(0.5) ? down + T(1) : down;
    } else if (b == T(0)) {
        return T(0);
    } else if (IS_SIGNED<T> && T(b + 1) == T(0)) {
        return T(-a);
    } else {
        const T whole = T(a / b);
        return a % b != 0 && (a < T(0)) != (b < T(0)) ? T(whole - 1) : whole;
    }
}
template <class T> INLINE T do_truncatediv(T a, T b) {
    if constexpr (IS_FLOAT<T>) return c_trunc(a / b);
    else if (b == T(0)) return T(0);
    else if (IS_SIGNED<T> && T(b + 1) == T(0)) return T(-a);
    else return T(a / b);
}
template <class T> INLINE T do_truncatemod(T a, T b) {
    if constexpr (IS_FLOAT<T>) return c_fmod(a, b);
    else if (b == T(0) || (IS_SIGNED<T> && T(b + 1) == T(0))) return T(0);
    else return T(a % b);
}

// Bits moved by as many places as there are, or more, are all gone; a sign fills them up.
template <class T> INLINE bool is_within_width(T places) {
    return uint64_t(places) < 8 * sizeof(T);
}
BINARY(left_shift, is_within_width(b) ? T(uint64_t(a) << b) : T(0))
BINARY(right_shift, is_within_width(b) ? T(a >> b) : T(a < T(0) ? -1 : 0))

// Integers wrap around. Exponents are not negative: integer_exponents sees to that.
template <class T> INLINE T do_integer_pow(T a, T b) {
    T power = 1;
    for (uint64_t rest = uint64_t(b); rest; rest >>= 1) {
        if (rest & 1) power = T(power * a);
        a = T(a * a);
    }
    return power;
}
template <class T> INLINE T do_pow(T a, T b) {
    if constexpr (IS_FLOAT<T>) return c_pow(a, b);
    else return do_integer_pow(a, b);
}

// Conversions truncate, as C's; to bool is "not zero". What an integer cannot hold wraps around, by
// way of a larger one where that can hold it, and the least where none can: as x86 has it.
template <class R, class T> INLINE R truncated(T x) {
    constexpr T LIMIT = T(R(1) << (8 * sizeof(R) - 2)) * T(2);
    return x >= -LIMIT && x < LIMIT ? R(x) : R(-(R(1) << (8 * sizeof(R) - 2)) * 2);
}
template <class T, class R> INLINE R convert(T x) {
    if constexpr (IS_BOOL<R>) return x != T(0);
    else if constexpr (IS_HALF<R>) {
        if constexpr (sizeof(T) == 8 && IS_FLOAT<T>) return to_half(double(x));
        else return to_half(float(x));
    } else if constexpr (IS_FLOAT<T> && !IS_FLOAT<R>) {
        if constexpr (sizeof(R) < 4) return R(truncated<int32_t>(x));
        else if constexpr (IS_SIGNED<R>) return truncated<R>(x);
        else if constexpr (sizeof(R) == 4) return R(truncated<int64_t>(x));
        else if (x >= T(0x1p63)) return R(truncated<int64_t>(x - T(0x1p63))) ^ R(1) << 63;
        else return R(truncated<int64_t>(x));
    } else return R(x);
}

// The table ----------------------------------------------------------------------------------------

template <class X> constexpr BlockFunction function_of(int op) {
    typedef typename Computed<X>::type T;
    constexpr bool is_float = IS_FLOAT<T>, is_bool = IS_BOOL<T>, is_integer = !is_float && !is_bool;
#define ONE(name, when)                                                                      \
    case OP_##name: if constexpr (when) return map1<X, X, do_##name<T>>; else return nullptr;
#define TWO(name, when)                                                                      \
    case OP_##name: if constexpr (when) return map2<X, X, do_##name<T>>; else return nullptr;
#define ONE_BOOL(name, when)                                                                 \
    case OP_##name: if constexpr (when) return map1<X, bool, do_##name<T>>; else return nullptr;
#define TWO_BOOL(name, when)                                                                 \
    case OP_##name: if constexpr (when) return map2<X, bool, do_##name<T>>; else return nullptr;
#define CAST(name, R) \
    case OP_to_##name: return map1<X, R, convert<T, R>>;
    if (IS_HALF<X> && op == OP_copy)  // whatever the bits are
        return map1<uint16_t, uint16_t, do_copy<uint16_t>>;
    switch (op) {
        ONE(copy, true) ONE(negative, !is_bool) ONE(abs, !is_bool) ONE(sign, !is_bool)
        ONE(square, !is_bool) ONE(reciprocal, is_float) ONE(sqrt, is_float) ONE(rsqrt, is_float)
        ONE(exp, is_float) ONE(expm1, is_float) ONE(log, is_float) ONE(log1p, is_float)
        ONE(tanh, is_float) ONE(sigmoid, is_float) ONE(softplus, is_float) ONE(softsign, is_float)
        ONE(elu, is_float) ONE(erf, is_float) ONE(erfc, is_float) ONE(sin, is_float)
        ONE(cos, is_float) ONE(tan, is_float) ONE(asin, is_float) ONE(acos, is_float)
        ONE(atan, is_float) ONE(sinh, is_float) ONE(cosh, is_float) ONE(asinh, is_float)
        ONE(acosh, is_float) ONE(atanh, is_float) ONE(lgamma, is_float) ONE(erfinv, is_float)
        ONE(ndtri, is_float) ONE(floor, is_float) ONE(ceil, is_float)
        ONE(round, is_float) ONE(relu, !is_bool) ONE(invert, !is_float)
        ONE_BOOL(logical_not, is_bool) ONE_BOOL(is_nan, is_float) ONE_BOOL(is_inf, is_float)
        ONE_BOOL(is_finite, is_float)
        TWO(add, !is_bool) TWO(subtract, !is_bool) TWO(multiply, !is_bool) TWO(divide, is_float)
        TWO(maximum, !is_bool) TWO(minimum, !is_bool) TWO(pow, !is_bool) TWO(atan2, is_float)
        TWO(floordiv, !is_bool) TWO(floormod, !is_bool) TWO(truncatediv, !is_bool)
        TWO(truncatemod, !is_bool) TWO(div_no_nan, is_float) TWO(multiply_no_nan, is_float)
        TWO(xdivy, is_float) TWO(xlogy, is_float) TWO(polygamma, is_float)
        TWO(relu_gradient, !is_bool)
        TWO(sigmoid_cross_entropy, is_float)
        TWO(bit_and, is_integer) TWO(bit_or, is_integer) TWO(bit_xor, is_integer)
        TWO(left_shift, is_integer) TWO(right_shift, is_integer)
        TWO_BOOL(equal, true) TWO_BOOL(not_equal, true) TWO_BOOL(less, true)
        TWO_BOOL(less_equal, true) TWO_BOOL(greater, true) TWO_BOOL(greater_equal, true)
        TWO_BOOL(logical_and, is_bool) TWO_BOOL(logical_or, is_bool) TWO_BOOL(logical_xor, is_bool)
        case OP_where: return choose<X>;
        ELEMENT_TYPES(CAST)
    }
#undef ONE
#undef TWO
#undef ONE_BOOL
#undef TWO_BOOL
#undef CAST
    return nullptr;
}

INLINE BlockFunction block_function(int64_t op, int64_t type) {
    if (op >= OP_multiply_add) return THALWEG_NAME(composite)(op, type);  // the last ones
    if (type == TYPE_float32)
        if (const BlockFunction found = vector_function(int(op))) return found;
#define TABLE(name, T) \
    case TYPE_##name: return function_of<T>(int(op));
    switch (type) { ELEMENT_TYPES(TABLE) }
#undef TABLE
    return nullptr;
}

}  // namespace
