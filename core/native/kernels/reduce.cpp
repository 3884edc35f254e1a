// Reductions of the middle axis of (outer, length, inner): sums, means, products, extremes, any, all,
// and the place of an extreme.
//
// Long reductions are cut into pieces whose number follows from the shape; partial results lie in the
// workspace and are combined in order, so bits do not depend on the number of threads. Within a
// piece sums run in several accumulators: the error grows as with a piece's length, not the whole's.
#include "../parallel.h"
#include "../types.h"

namespace {

enum Reduction : int64_t { SUM = 0, PRODUCT = 1, MAXIMUM = 2, MINIMUM = 3 };

constexpr int64_t PIECE = 1 << 14;  // elements of a piece: 64 KB
constexpr int64_t MAX_PIECES = 64;
constexpr int ROW_SUMS = 4;  // accumulators of a row, vectors
constexpr int64_t ROW_BLOCK = 1 << 10;    // elements of a row summed in turn; blocks join in pairs
constexpr int64_t COLUMN_BLOCK = 1 << 8;  // rows summed in turn before they join the total

// ints: reduction, type, outer, length, inner, real 0: what the result is multiplied by (means).
struct Shape {
    int64_t reduction, type, outer, length, inner;
    int64_t pieces, piece_length;

    explicit Shape(const int64_t *v) : reduction(v[0]), type(v[1]), outer(v[2]), length(v[3]), inner(v[4]) {
        const int64_t work = outer * length * inner;
        const int64_t wanted = outer >= MAX_PIECES ? 1 : smaller(MAX_PIECES, divide_up(work, PIECE) / greater(1, outer));
        piece_length = divide_up(greater(1, length), greater(1, wanted));
        pieces = divide_up(greater(1, length), piece_length);
    }
    int64_t element_bytes() const {
        int64_t bytes = 1;  // of a boolean
        by_number(type, [&](auto tag) { bytes = int64_t(sizeof(TypeOf<decltype(tag)>)); });
        return bytes;
    }
};

int64_t workspace(const int64_t *ints) {
    const Shape s(ints);
    return s.pieces == 1 ? 0 : s.pieces * s.outer * s.inner * s.element_bytes();
}

template <class T> constexpr T lowest() {
    if (T(0.5) != T(0)) return T(-__builtin_inf());
    return T(-1) < T(0) ? T(T(1) << (8 * sizeof(T) - 1)) : T(0);
}
template <class T> constexpr T highest() {
    if (T(0.5) != T(0)) return T(__builtin_inf());
    return T(~lowest<T>());
}
template <> constexpr float highest<float>() { return __builtin_inff(); }
template <> constexpr float lowest<float>() { return -__builtin_inff(); }
template <> constexpr double highest<double>() { return __builtin_inf(); }
template <> constexpr double lowest<double>() { return -__builtin_inf(); }

template <class T, int R> struct Reducer {
    static T start() {
        return R == SUM ? T(0) : R == PRODUCT ? T(1) : R == MAXIMUM ? lowest<T>() : highest<T>();
    }
    template <class V> INLINE V join(V a, V b) {
        if constexpr (R == SUM) return a + b;
        else if constexpr (R == PRODUCT) return a * b;
        else if constexpr (R == MAXIMUM) return a != a ? a : b > a ? b : b != b ? b : a;
        else return a != a ? a : b < a ? b : b != b ? b : a;
    }
};

// One block of a row: several accumulators, joined by halves at the end.
template <class T, int R> T reduce_block(const T *x, int64_t length) {
    typedef Reducer<T, R> Op;
    Vector<T> sums[ROW_SUMS];
    UNROLL for (int k = 0; k < ROW_SUMS; ++k) sums[k] = splat(Op::start());
    constexpr int L = LANES<T>;
    int64_t i = 0;
    for (; i + ROW_SUMS * L <= length; i += ROW_SUMS * L)
        UNROLL for (int k = 0; k < ROW_SUMS; ++k) sums[k] = Op::join(sums[k], load(x + i + k * L));
    for (; i + L <= length; i += L) sums[0] = Op::join(sums[0], load(x + i));
    T rest = Op::start();
    for (; i < length; ++i) rest = Op::join(rest, x[i]);
    for (int half = ROW_SUMS / 2; half; half /= 2)
        UNROLL for (int k = 0; k < half; ++k) sums[k] = Op::join(sums[k], sums[k + half]);
    T lanes[L];
    store(lanes, sums[0]);
    for (int half = L / 2; half; half /= 2)
        for (int k = 0; k < half; ++k) lanes[k] = Op::join(lanes[k], lanes[k + half]);
    return Op::join(lanes[0], rest);
}

// A row, by halves down to blocks: the error of a sum grows with the logarithm of its length.
template <class T, int R> T reduce_row(const T *x, int64_t length) {
    if (length <= ROW_BLOCK) return reduce_block<T, R>(x, length);
    const int64_t half = round_up(length / 2, ROW_BLOCK);
    return Reducer<T, R>::join(reduce_row<T, R>(x, half), reduce_row<T, R>(x + half, length - half));
}

// Columns of `length` rows of `inner` elements: a strip of columns at a time, in registers.
template <class T, int R> void reduce_columns(const T *x, int64_t length, int64_t inner, T *y) {
    typedef Reducer<T, R> Op;
    constexpr int L = LANES<T>, STRIP = 4;
    int64_t j = 0;
    for (; j + STRIP * L <= inner; j += STRIP * L) {
        Vector<T> totals[STRIP];
        UNROLL for (int k = 0; k < STRIP; ++k) totals[k] = splat(Op::start());
        const T *row = x + j;
        for (int64_t i = 0; i < length;) {
            Vector<T> sums[STRIP];
            UNROLL for (int k = 0; k < STRIP; ++k) sums[k] = splat(Op::start());
            for (const int64_t end = smaller(length, i + COLUMN_BLOCK); i < end; ++i, row += inner)
                UNROLL for (int k = 0; k < STRIP; ++k) sums[k] = Op::join(sums[k], load(row + k * L));
            UNROLL for (int k = 0; k < STRIP; ++k) totals[k] = Op::join(totals[k], sums[k]);
        }
        UNROLL for (int k = 0; k < STRIP; ++k) store(y + j + k * L, totals[k]);
    }
    for (; j < inner; j += L) {
        Vector<T> total = splat(Op::start());
        const T *row = x + j;
        for (int64_t i = 0; i < length;) {
            Vector<T> sums[2] = {splat(Op::start()), splat(Op::start())};
            const int64_t end = smaller(length, i + COLUMN_BLOCK);
            for (; i + 2 <= end; i += 2, row += 2 * inner) {
                sums[0] = Op::join(sums[0], load_first(row, inner - j));
                sums[1] = Op::join(sums[1], load_first(row + inner, inner - j));
            }
            for (; i < end; ++i, row += inner) sums[0] = Op::join(sums[0], load_first(row, inner - j));
            total = Op::join(total, Op::join(sums[0], sums[1]));
        }
        store_first(y + j, total, inner - j);
    }
}

template <class T, int R> void reduce_piece(const T *x, int64_t length, int64_t inner, T *y) {
    if (inner == 1) y[0] = reduce_row<T, R>(x, length);
    else reduce_columns<T, R>(x, length, inner, y);
}

template <class T, int R> void reduce(Call *call, const Shape &s) {
    const T *x = (const T *)call->buffers[0];
    T *y = (T *)call->buffers[1];
    const double scale = call->reals[0];
    T *partial = s.pieces == 1 ? y : (T *)call->workspace;
    const int64_t row = s.length * s.inner;
    const int64_t per_task = greater(1, PIECE / greater(1, s.piece_length * s.inner));
    const int64_t items = s.outer * s.pieces;
    parallel_spans(call, items, per_task, [&](int64_t begin, int64_t end) {
        for (int64_t item = begin; item < end; ++item) {
            const int64_t o = item / s.pieces, first = item % s.pieces * s.piece_length;
            const int64_t length = smaller(s.piece_length, s.length - first);
            reduce_piece<T, R>(x + o * row + first * s.inner, length, s.inner, partial + item * s.inner);
        }
    });
    for (int64_t o = 0; s.pieces > 1 && o < s.outer; ++o)
        reduce_columns<T, R>(partial + o * s.pieces * s.inner, s.pieces, s.inner, y + o * s.inner);
    if (scale != 1.0)
        for (int64_t i = 0; i < s.outer * s.inner; ++i) y[i] = T(y[i] / T(scale));
}

template <class T> void reduce_type(Call *call, const Shape &s) {
    switch (s.reduction) {
        case SUM: return reduce<T, SUM>(call, s);
        case PRODUCT: return reduce<T, PRODUCT>(call, s);
        case MAXIMUM: return reduce<T, MAXIMUM>(call, s);
        default: return reduce<T, MINIMUM>(call, s);
    }
}

// buffers: x (outer, length, inner), y (outer, inner). ints: see Shape. reals: a divisor.
// Booleans are bytes: any is their maximum, all their minimum.
void reduction(Call *call) {
    const Shape s(call->ints);
    if (s.outer * s.inner == 0) return;
    if (s.type == TYPE_bool) return reduce_type<uint8_t>(call, s);
    by_number(s.type, [&](auto type) { reduce_type<TypeOf<decltype(type)>>(call, s); });
}

// Places of extremes -------------------------------------------------------------------------------

template <class T, class Index, bool LARGEST>
void find_places(Call *call, int64_t outer, int64_t length, int64_t inner) {
    const T *x = (const T *)call->buffers[0];
    Index *y = (Index *)call->buffers[1];
    const int64_t grain = greater(1, PIECE / greater(1, length));
    parallel_spans(call, outer * inner, grain, [&](int64_t begin, int64_t end) {
        for (int64_t item = begin; item < end; ++item) {
            const T *line = x + item / inner * length * inner + item % inner;
            int64_t best = 0;
            T value = line[0];
            for (int64_t i = 1; i < length && value == value; ++i) {  // the first NaN, as NumPy
                const T other = line[i * inner];
                if ((LARGEST ? other > value : other < value) || other != other) best = i, value = other;
            }
            y[item] = Index(best);
        }
    });
}

template <class T, class Index> void find_places_of(Call *call) {
    const int64_t *v = call->ints;
    if (v[5]) find_places<T, Index, true>(call, v[2], v[3], v[4]);
    else find_places<T, Index, false>(call, v[2], v[3], v[4]);
}

// ints: bytes of an index, type, outer, length, inner, is it the largest.
void argument(Call *call) {
    by_number(call->ints[1], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        if (call->ints[0] == 8) find_places_of<T, int64_t>(call);
        else find_places_of<T, int32_t>(call);
    });
}

}  // namespace

KERNEL_TABLE(reduce, {"reduce", reduction, workspace}, {"argument", argument, nullptr})
