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

// x = n ln 2 + r
struct Reduced {
    vf n, r;
};
INLINE Reduced reduce_by_ln2(vf x) {
    const vf n = nearest_whole(x * splat(LOG2_E));
    return {n, (x - n * splat(LN2_HIGH)) - n * splat(LN2_LOW)};
}

// e^x of x <= 89, 1 ulp
INLINE vf exp_below_89(vf x) {
    const Reduced e = reduce_by_ln2(at_least(x, -104.0f));
    return scaled(exp_tail(e.r) + splat(1.0f), e.n);
}

// e^x, 1 ulp, with denormals and infinity
INLINE vf v_exp(vf x) { return exp_below_89(at_most(x, 89.0f)); }

// e^x - 1, 2 ulp: near 0 without the 1 that would swallow it.
INLINE vf v_expm1(vf x) {
    const auto [n, r] = reduce_by_ln2(at_least(at_most(x, 89.0f), -26.0f));
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

// tanh x = u / (u + 2) with u = e^2x - 1, of which the 1 is taken from the power of two first: near 0
// nothing cancels; 2.5 ulp
INLINE vf v_tanh(vf x) {
    const vf size = magnitude(x);
    const auto [n, r] = reduce_by_ln2(at_most(size + size, 20.0f));  // there it is 1
    const vf power = scaled(splat(1.0f), n);
    const vf u = exp_tail(r) * power + (power - splat(1.0f));
    return with_sign_of(u / (u + splat(2.0f)), x);
}

// 1 / (1 + e^-x), 3 ulp also where it is tiny
INLINE vf v_sigmoid(vf x) {
    const vf e = exp_below_89(-magnitude(x)), one = splat(1.0f);
    return (x < vf{} ? e : one) / (one + e);
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), 2 ulp
INLINE vf v_softplus(vf x) { return relu<float>(x) + v_log1p(exp_below_89(-magnitude(x))); }

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
