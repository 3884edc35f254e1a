// The operations of kernels/elementwise.cpp, by number: OP(name). Python asks the engine for the
// names, so this list is the only one.
#pragma once

#define ELEMENTWISE_OPS(OP)                                                                     \
    OP(copy) OP(negative) OP(abs) OP(sign) OP(square) OP(reciprocal) OP(sqrt) OP(rsqrt)         \
    OP(exp) OP(expm1) OP(log) OP(log1p) OP(tanh) OP(sigmoid) OP(softplus) OP(softsign) OP(elu)  \
    OP(erf) OP(erfc) OP(sin) OP(cos) OP(tan) OP(asin) OP(acos) OP(atan) OP(sinh) OP(cosh)       \
    OP(asinh) OP(acosh) OP(atanh) OP(lgamma) OP(erfinv) OP(ndtri)                               \
    OP(floor) OP(ceil) OP(round) OP(relu) OP(invert)                                            \
    OP(logical_not) OP(is_nan) OP(is_inf) OP(is_finite)                                         \
    OP(add) OP(subtract) OP(multiply) OP(divide) OP(maximum) OP(minimum) OP(pow) OP(atan2)      \
    OP(floordiv) OP(floormod) OP(truncatediv) OP(truncatemod) OP(div_no_nan)                    \
    OP(multiply_no_nan) OP(xdivy) OP(xlogy) OP(polygamma)                                       \
    OP(relu_gradient) OP(sigmoid_cross_entropy)                                                 \
    OP(bit_and) OP(bit_or) OP(bit_xor) OP(left_shift) OP(right_shift)                           \
    OP(equal) OP(not_equal) OP(less) OP(less_equal) OP(greater) OP(greater_equal)               \
    OP(logical_and) OP(logical_or) OP(logical_xor) OP(where)                                    \
    OP(to_float32) OP(to_float64) OP(to_int32) OP(to_int64) OP(to_bool)                         \
    OP(to_uint8) OP(to_int8) OP(to_int16) OP(to_uint16) OP(to_uint32) OP(to_uint64)             \
    OP(to_float16)                                                                              \
    /* several as one, see kernels/composites.cpp */                                            \
    OP(multiply_add) OP(multiply_subtract) OP(subtract_product) OP(approach)                    \
    OP(approach_square) OP(root_step)

#define ELEMENTWISE_ENUM(name) OP_##name,
enum ElementwiseOp { ELEMENTWISE_OPS(ELEMENTWISE_ENUM) ELEMENTWISE_OP_COUNT };
#undef ELEMENTWISE_ENUM

// Element types, in the order of the tables: those of C++, and all.
#define PLAIN_TYPES(TYPE)                                                                       \
    TYPE(float32, float) TYPE(float64, double) TYPE(int32, int32_t) TYPE(int64, int64_t)        \
    TYPE(bool, bool) TYPE(uint8, uint8_t) TYPE(int8, int8_t) TYPE(int16, int16_t)               \
    TYPE(uint16, uint16_t) TYPE(uint32, uint32_t) TYPE(uint64, uint64_t)
#define ELEMENT_TYPES(TYPE) PLAIN_TYPES(TYPE) TYPE(float16, Half)
