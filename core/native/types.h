// Element types by the numbers of elementwise_ops.h, and code for each of them.
#pragma once
#include "elementwise_ops.h"
#include "half.h"
#include "kernel.h"
#include "vec.h"

namespace {

#define ELEMENT_TYPE_ENUM(name, T) TYPE_##name,
enum ElementType { ELEMENT_TYPES(ELEMENT_TYPE_ENUM) ELEMENT_TYPE_COUNT };
#undef ELEMENT_TYPE_ENUM

template <class T> constexpr bool IS_FLOAT = T(0.5) != T(0);
template <> constexpr bool IS_FLOAT<bool> = false;
template <> constexpr bool IS_FLOAT<Half> = true;
template <class T> constexpr bool IS_SIGNED = T(-1) < T(0);
template <class T> constexpr bool IS_BOOL = false;
template <> constexpr bool IS_BOOL<bool> = true;
template <class T> constexpr bool IS_HALF = false;
template <> constexpr bool IS_HALF<Half> = true;

template <class T> struct Type {
    typedef T type;
};
template <class Tag> using TypeOf = typename Tag::type;

// body(Type<T>{}) for the type of this number; nothing for booleans and halves.
template <class Body> INLINE void by_number(int64_t type, const Body &body) {
#define CASE(name, T) \
    case TYPE_##name: if constexpr (!IS_BOOL<T> && !IS_HALF<T>) return body(Type<T>{}); else return;
    switch (type) { ELEMENT_TYPES(CASE) }
#undef CASE
}
// The same for floats.
template <class Body> INLINE void by_float(int64_t type, const Body &body) {
    if (type == TYPE_float32) body(Type<float>{});
    else body(Type<double>{});
}

// Whether all of `count` are in -size <= index < size.
template <class T> bool are_within(const T *indices, int64_t count, int64_t size) {
    int64_t outside = 0;  // counted, so that the loop has no other way out
    for (int64_t i = 0; i < count; ++i) outside += indices[i] < -size || indices[i] >= size;
    return outside == 0;
}

// Indices of 4 or 8 bytes.
struct Indices {
    const void *values;
    int64_t bytes;
    int64_t operator[](int64_t i) const {
        return bytes == 4 ? ((const int32_t *)values)[i] : ((const int64_t *)values)[i];
    }
    // Whether all of `count` are in -size <= index < size; says so if not.
    bool are_within(int64_t count, int64_t size, Call *call) const {
        const bool is_so = bytes == 4 ? ::are_within((const int32_t *)values, count, size)
                                      : ::are_within((const int64_t *)values, count, size);
        if (!is_so) call->error = "an index is out of bounds";
        return is_so;
    }
    // Counted from the front.
    int64_t place(int64_t i, int64_t size) const {
        const int64_t index = (*this)[i];
        return index < 0 ? index + size : index;
    }
};

// A row of `bytes` bytes; those of one element are plain loads and stores.
template <int64_t BYTES> struct Row {
    int64_t bytes;
    int64_t size() const { return BYTES ? BYTES : bytes; }
    void copy(char *to, const char *from) const { __builtin_memcpy(to, from, size_t(size())); }
    void clear(char *to) const { __builtin_memset(to, 0, size_t(size())); }
};
template <class Body> INLINE void by_row(int64_t bytes, const Body &body) {
    switch (bytes) {
        case 1: return body(Row<1>{bytes});
        case 2: return body(Row<2>{bytes});
        case 4: return body(Row<4>{bytes});
        case 8: return body(Row<8>{bytes});
        default: return body(Row<0>{bytes});
    }
}

}  // namespace
