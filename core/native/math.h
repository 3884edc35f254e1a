// Elementary functions of a vector of floats.
//
// Each reduces its argument to an interval around 0 where a polynomial is exact to a tenth of a unit
// in the last place; its coefficients are minimax fits (Lawson's iteration on Chebyshev nodes) of
// the form that the comment gives. tests/core/native/test_math.py measures all of them over their
// whole range; the bounds stated here, in units in the last place, are its.
#pragma once
#include "vec.h"

namespace {

INLINE vi bits_of(vf x) { return (vi)x; }
INLINE vf from_bits(vi x) { return (vf)x; }
INLINE vf magnitude(vf x) { return from_bits(bits_of(x) & 0x7fffffff); }
INLINE vf with_sign_of(vf x, vf sign) {
    return from_bits((bits_of(x) & 0x7fffffff) | (bits_of(sign) & int32_t(0x80000000)));
}

// Nearest whole number of |x| < 2^22: adding 1.5 * 2^23 pushes the fraction out of the mantissa.
INLINE vf nearest_whole(vf x) {
    const vf shift = splat(12582912.0f);
    vf sum = x + shift;
    __asm__("" : "+" VECTOR_CONSTRAINT(sum));  // or the compiler might cancel the two
    return sum - shift;
}
INLINE vf power_of_two(vi n) { return from_bits((n + 127) << 23); }  // -126 <= n <= 127

constexpr float LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f, LOG2_E = 1.44269504f;

// exp r = 1 + r + r^2 p(r), |r| <= ln 2 / 2
INLINE vf exp_tail(vf r) {
    vf p = splat(1.991992160e-04f);
    p = p * r + splat(1.394721197e-03f);
    p = p * r + splat(8.333261581e-03f);
    p = p * r + splat(4.166625400e-02f);
    p = p * r + splat(1.666666687e-01f);
    p = p * r + splat(5.000000083e-01f);
    return p * r * r + r;
}

// e^x, 1 ulp; denormal results and overflow to infinity by scaling twice.
INLINE vf v_exp(vf x) {
    vf bounded = x > splat(89.0f) ? splat(89.0f) : x;
    bounded = bounded < splat(-104.0f) ? splat(-104.0f) : bounded;
    const vf n = nearest_whole(bounded * splat(LOG2_E));
    const vf r = (bounded - n * splat(LN2_HIGH)) - n * splat(LN2_LOW);
    const vi whole = __builtin_convertvector(n, vi), half = whole >> 1;
    return (exp_tail(r) + splat(1.0f)) * power_of_two(half) * power_of_two(whole - half);
}

// e^x - 1, 2 ulp: near 0 without the 1 that would swallow it.
INLINE vf v_expm1(vf x) {
    vf bounded = x > splat(89.0f) ? splat(89.0f) : x;
    bounded = bounded < splat(-26.0f) ? splat(-26.0f) : bounded;
    const vf n = nearest_whole(bounded * splat(LOG2_E));
    const vf r = (bounded - n * splat(LN2_HIGH)) - n * splat(LN2_LOW);
    const vi whole = __builtin_convertvector(n, vi), half = whole >> 1;
    const vf s = power_of_two(half), t = power_of_two(whole - half);
    // 2^n (1 + tail) - 1, the 1 taken from the power first
    const vf small = exp_tail(r) * s * t + (s * t - splat(1.0f));
    const vf large = (exp_tail(r) + splat(1.0f)) * s * t;
    const vf result = whole > 30 ? large : small;
    return x == vf{} ? x : result;  // keeps -0
}

// log of m * 2^k, with m in [sqrt 1/2, sqrt 2): log(1+f) = f - f^2/2 + f^3 p(f)
INLINE vf v_log(vf x) {
    const vf least = splat(1.17549435e-38f);
    const vi is_small = x < least;
    const vf scaled = is_small ? x * splat(8388608.0f) : x;
    vi exponent = ((bits_of(scaled) >> 23) & 0xff) - 126 - (is_small & 23);
    vf m = from_bits((bits_of(scaled) & 0x007fffff) | 0x3f000000);  // in [1/2, 1)
    const vi is_low = m < splat(0.707106781f);
    exponent += is_low;  // a true comparison is -1
    const vf f = (is_low ? m + m : m) - splat(1.0f);
    const vf k = __builtin_convertvector(exponent, vf);
    vf p = splat(6.915424453e-02f);
    p = p * f + splat(-1.178983518e-01f);
    p = p * f + splat(1.187296550e-01f);
    p = p * f + splat(-1.238434308e-01f);
    p = p * f + splat(1.421865888e-01f);
    p = p * f + splat(-1.666925115e-01f);
    p = p * f + splat(2.000222658e-01f);
    p = p * f + splat(-2.499998659e-01f);
    p = p * f + splat(3.333331044e-01f);
    const vf f2 = f * f;
    vf result = f * f2 * p + k * splat(LN2_LOW) - splat(0.5f) * f2;
    result = result + f + k * splat(LN2_HIGH);
    const vf infinity = splat(__builtin_inff());
    result = x == infinity ? x : result;
    result = x == vf{} ? -infinity : result;
    result = x < vf{} ? splat(__builtin_nanf("")) : result;
    return x == x ? result : x;
}

// log(1 + x), 2 ulp: the rounding of 1 + x is put back.
INLINE vf v_log1p(vf x) {
    const vf u = x + splat(1.0f);
    vf lost = x - (u - splat(1.0f));
    __asm__("" : "+" VECTOR_CONSTRAINT(lost));
    const vf result = v_log(u) + lost / u;
    const vi is_plain = (magnitude(x) < splat(1e-7f)) | (x == splat(__builtin_inff()));
    const vf exact = u == vf{} ? v_log(u) : result;
    return is_plain ? x : exact;
}

// tanh x = x + x^3 p(x^2) below 0.625, else 1 - 2 / (e^2x + 1); 2 ulp
INLINE vf v_tanh(vf x) {
    const vf size = magnitude(x), z = x * x;
    vf p = splat(-5.717044511e-03f);
    p = p * z + splat(2.065058678e-02f);
    p = p * z + splat(-5.374349792e-02f);
    p = p * z + splat(1.333149128e-01f);
    p = p * z + splat(-3.333328393e-01f);
    const vf small = x + x * z * p;
    const vf large = splat(1.0f) - splat(2.0f) / (v_exp(size + size) + splat(1.0f));
    return size < splat(0.625f) ? small : with_sign_of(large, x);
}

// 1 / (1 + e^-x), 3 ulp also where it is tiny
INLINE vf v_sigmoid(vf x) {
    const vf e = v_exp(-magnitude(x)), one = splat(1.0f);
    return (x < vf{} ? e : one) / (one + e);
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), 2 ulp
INLINE vf v_softplus(vf x) { return relu<float>(x) + v_log1p(v_exp(-magnitude(x))); }

// x above 0, e^x - 1 below; 2 ulp
INLINE vf v_elu(vf x) { return x > vf{} ? x : v_expm1(x); }

// erf x = x p(x^2) below 1, else 1 - e^q(|x|) with q = log erfc; 3 ulp
INLINE vf v_erf(vf x) {
    const vf size = magnitude(x), z = x * x;
    vf p = splat(-9.680140272e-06f);
    p = p * z + splat(1.127054584e-04f);
    p = p * z + splat(-8.484711632e-04f);
    p = p * z + splat(5.221074890e-03f);
    p = p * z + splat(-2.686544583e-02f);
    p = p * z + splat(1.128378275e-01f);
    p = p * z + splat(-3.761263848e-01f);
    p = p * z + splat(1.128379167e+00f);
    const vf a = size > splat(4.0f) ? splat(4.0f) : size;
    vf q = splat(7.845266216e-07f);
    q = q * a + splat(-1.245288090e-05f);
    q = q * a + splat(6.434214372e-05f);
    q = q * a + splat(1.017575286e-04f);
    q = q * a + splat(-3.360263504e-03f);
    q = q * a + splat(2.383649893e-02f);
    q = q * a + splat(-1.069614869e-01f);
    q = q * a + splat(-6.341961316e-01f);
    q = q * a + splat(-1.129203851e+00f);
    q = q * a + splat(1.252929283e-04f);
    const vf large = splat(1.0f) - v_exp(q);
    const vf result = size < splat(1.0f) ? x * p : with_sign_of(large, x);
    return x == x ? result : x;
}

}  // namespace
