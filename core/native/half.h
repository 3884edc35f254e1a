// Numbers of 16 bits (IEEE 754 binary16), held as their bits. They are computed with as float: what
// a single operation gives, rounded once more, is what it would give in 16 bits.
#pragma once
#include <stdint.h>
#include "vec.h"

namespace {

struct Half {
    uint16_t bits;
};

INLINE uint32_t bits_of(float x) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}
INLINE float float_of(uint32_t bits) {
    float x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}

INLINE float to_float(Half h) {
    const uint32_t magnitude = h.bits & 0x7fffu, sign = uint32_t(h.bits & 0x8000u) << 16;
    const float small = float(int32_t(magnitude)) * 0x1p-24f;  // exponent 0: a multiple of 2^-24
    // infinity and NaN have the largest exponent, here as there
    const uint32_t bias = magnitude >= 0x7c00u ? 0x70000000u : 0x38000000u;
    const uint32_t bits = magnitude < 0x400u ? bits_of(small) : (magnitude << 13) + bias;
    return float_of(sign | bits);
}

// To the nearest, ties to even.
INLINE Half to_half(float x) {
    const uint32_t bits = bits_of(x), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    // below 2^-14: the sum's last place is that of the smallest number
    const uint32_t small = bits_of(float_of(magnitude) + 0.5f) - 0x3f000000u;
    const uint32_t rounded = (magnitude + 0xfffu + (magnitude >> 13 & 1u) - 0x38000000u) >> 13;
    const uint32_t finite = magnitude < 0x38800000u ? small : rounded;
    const uint32_t large = magnitude > 0x7f800000u ? 0x7e00u | (magnitude >> 13 & 0x3ffu) : 0x7c00u;
    return {uint16_t(sign | (magnitude >= 0x477ff000u ? large : finite))};
}

// By way of the float that is odd where it is not exact, so that the second rounding sees all.
INLINE Half to_half(double x) {
    const float near = float(x);
    const uint32_t bits = bits_of(near);
    const bool is_exact = double(near) == x || x != x || (bits & 1u);
    const bool is_above = (double(near) < 0 ? -double(near) : double(near)) > (x < 0 ? -x : x);
    return to_half(is_exact ? near : float_of(is_above ? bits - 1 : bits + 1));
}

}  // namespace
