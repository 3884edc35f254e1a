// Sequences of labels: connectionist temporal classification, and the distance between two by edits. A
// sequence of the batch is one task's.
#include "../parallel.h"
#include "../types.h"

namespace {

// An entry of an array of any integer type.
int64_t integer_at(int64_t type, const void *array, int64_t i) {
#define READ(name, T) \
    case TYPE_##name: return int64_t(((const T *)array)[i]);
    switch (type) { PLAIN_TYPES(READ) }
#undef READ
    return 0;
}

// Connectionist temporal classification (Graves et al., ICML 2006) -----------------------------------

constexpr double NEVER = -__builtin_inf();  // log 0

// log(e^a + e^b + e^c); infinities and NaN stay what they are.
INLINE double log_sum(double a, double b, double c) {
    double most = a > b || a != a ? a : b;
    most = most > c || most != most ? most : c;
    if (most - most != 0) return most;
    return most + __builtin_log(__builtin_exp(a - most) + __builtin_exp(b - most) +
                                __builtin_exp(c - most));
}

// ints: bytes, times, batch, classes, longest, blank, types of labels, label lengths, logit lengths.
// buffers begin with labels (batch, longest), log-probabilities (times, batch, classes), label lengths,
// logit lengths.
struct Ctc {
    int64_t bytes, times, batch, classes, longest, blank, label_type, label_length_type,
        logit_length_type, states;
    void *const *buffers;

    explicit Ctc(const Call *call) {
        const int64_t *v = call->ints;
        bytes = v[0], times = v[1], batch = v[2], classes = v[3], longest = v[4], blank = v[5];
        label_type = v[6], label_length_type = v[7], logit_length_type = v[8];
        states = 2 * longest + 1;
        buffers = call->buffers;
    }
    int64_t scratch_bytes() const { return states * 24; }
};

// The states of one sequence: its labels with blanks between and around them (section 4.1).
template <class T> struct States {
    const Ctc &ctc;
    int64_t sequence, label_length, logit_length;
    int64_t *classes;  // of each state
    double *x, *other; // a number each
    bool is_wrong;     // labels or lengths have no meaning

    States(const Ctc &c, int64_t sequence_, char *scratch) : ctc(c), sequence(sequence_) {
        classes = (int64_t *)scratch;
        x = (double *)(classes + ctc.states);
        other = x + ctc.states;
        label_length = integer_at(ctc.label_length_type, ctc.buffers[2], sequence);
        logit_length = integer_at(ctc.logit_length_type, ctc.buffers[3], sequence);
        is_wrong = label_length < 0 || label_length > ctc.longest || logit_length < 0 ||
                   logit_length > ctc.times;
        for (int64_t s = 0; s < ctc.states; ++s) classes[s] = ctc.blank;
        for (int64_t i = 0; i < smaller(label_length, ctc.longest); ++i) {
            const int64_t label =
                integer_at(ctc.label_type, ctc.buffers[0], sequence * ctc.longest + i);
            const bool is_label = label >= 0 && label < ctc.classes && label != ctc.blank;
            is_wrong |= !is_label;
            if (is_label) classes[2 * i + 1] = label;
        }
    }

    const T *log_y(int64_t time) const {
        return (const T *)ctc.buffers[1] + (time * ctc.batch + sequence) * ctc.classes;
    }
    // Between two different labels there need not be a blank.
    bool may_skip(int64_t s) const {
        return s >= 2 && classes[s] != ctc.blank && classes[s] != classes[s - 2];
    }
    bool is_last(int64_t s) const { return s == 2 * label_length || s == 2 * label_length - 1; }

    void start_first() {
        for (int64_t s = 0; s < ctc.states; ++s) x[s] = s == 0 ? 0 : NEVER;
    }
    void start_last() {
        for (int64_t s = 0; s < ctc.states; ++s) x[s] = is_last(s) ? 0 : NEVER;
    }
    // Equation 6: x, of the time before, becomes that of `time`.
    void forwards(int64_t time) {
        const T *y = log_y(time);
        for (int64_t s = ctc.states - 1; s >= 0; --s) {
            const double one = s >= 1 ? x[s - 1] : NEVER, two = may_skip(s) ? x[s - 2] : NEVER;
            x[s] = log_sum(x[s], one, two) + double(y[classes[s]]);
        }
    }
    // x, of `time`, becomes that of the time before, without the classes of that.
    void backwards(int64_t time) {
        const T *y = log_y(time);
        for (int64_t s = 0; s < ctc.states; ++s) x[s] += double(y[classes[s]]);
        for (int64_t s = 0; s < ctc.states; ++s) {
            const double one = s + 1 < ctc.states ? x[s + 1] : NEVER;
            const double two = s + 2 < ctc.states && may_skip(s + 2) ? x[s + 2] : NEVER;
            x[s] = log_sum(x[s], one, two);
        }
    }
    // Log-probability of all paths, from that of the last states.
    double total() const {
        double sum = NEVER;
        for (int64_t s = 0; s < ctc.states; ++s)
            if (is_last(s)) sum = log_sum(sum, x[s], NEVER);
        return sum;
    }
};

// Then: losses (batch), alphas (times, batch, states).
template <class T> void loss_of_type(Call *call) {
    const Ctc ctc(call);
    parallel(call, ctc.batch, size_t(ctc.scratch_bytes()), [&](int64_t sequence, char *scratch) {
        States<T> states(ctc, sequence, scratch);
        states.start_first();
        for (int64_t time = 0; time < ctc.times; ++time) {
            if (time < states.logit_length) states.forwards(time);
            T *alphas = (T *)call->buffers[5] + (time * ctc.batch + sequence) * ctc.states;
            for (int64_t s = 0; s < ctc.states; ++s) alphas[s] = T(states.x[s]);
        }
        ((T *)call->buffers[4])[sequence] = T(states.is_wrong ? __builtin_nan("") : -states.total());
    });
}
void ctc_loss(Call *call) {
    if (call->ints[0] == 4) loss_of_type<float>(call);
    else loss_of_type<double>(call);
}

// The softmax of all classes less the paths' shares of each at this time (section 4.2), x being beta.
template <class T> void write_slope(const States<T> &states, int64_t time, const T *alphas, T *slope) {
    const int64_t count = states.ctc.states;
    double most = NEVER, sum = 0;
    for (int64_t s = 0; s < count; ++s) {
        states.other[s] = double(alphas[s]) + states.x[s];
        if (states.other[s] > most) most = states.other[s];
    }
    for (int64_t s = 0; s < count; ++s)
        sum += states.other[s] = __builtin_exp(states.other[s] - most);
    const T *y = states.log_y(time);
    for (int64_t c = 0; c < states.ctc.classes; ++c) slope[c] = T(__builtin_exp(double(y[c])));
    for (int64_t s = 0; s < count; ++s) slope[states.classes[s]] -= T(states.other[s] / sum);
}

// Then: losses (batch), alphas; slopes (times, batch, classes).
template <class T> void gradient_of_type(Call *call) {
    const Ctc ctc(call);
    parallel(call, ctc.batch, size_t(ctc.scratch_bytes()), [&](int64_t sequence, char *scratch) {
        States<T> states(ctc, sequence, scratch);
        const T loss = ((const T *)call->buffers[4])[sequence];
        const bool is_possible = loss - loss == T(0);
        const T elsewhere = loss != loss ? loss : T(0);
        states.start_last();
        for (int64_t time = ctc.times - 1; time >= 0; --time) {
            const int64_t row = time * ctc.batch + sequence;
            T *slope = (T *)call->buffers[6] + row * ctc.classes;
            if (!is_possible || time >= states.logit_length) {
                for (int64_t c = 0; c < ctc.classes; ++c) slope[c] = elsewhere;
                continue;
            }
            if (time + 1 < states.logit_length) states.backwards(time + 1);
            write_slope(states, time, (const T *)call->buffers[5] + row * ctc.states, slope);
        }
    });
}
void ctc_gradient(Call *call) {
    if (call->ints[0] == 4) gradient_of_type<float>(call);
    else gradient_of_type<double>(call);
}

// The distance by edits (Levenshtein 1966) -----------------------------------------------------------

// The least number of edits that make one of the other's first entries. row[j] is the distance of the
// entries of a so far to the first j of b.
template <class T> int64_t distance(const T *a, int64_t a_length, const T *b, int64_t b_length, int64_t *row) {
    for (int64_t j = 0; j <= b_length; ++j) row[j] = j;
    for (int64_t i = 0; i < a_length; ++i) {
        int64_t before = row[0]++;  // of one entry of b less, and one of a less
        for (int64_t j = 0; j < b_length; ++j) {
            const int64_t replaced = before + (b[j] != a[i]);
            before = row[j + 1];
            row[j + 1] = smaller(replaced, smaller(before, row[j]) + 1);
        }
    }
    return row[b_length];
}

// ints: batch, n, m, type of entries, types of both lengths, is_normalized.
// buffers: a (batch, n), b (batch, m), their lengths, distances float32.
void edit_distance(Call *call) {
    const int64_t *v = call->ints;
    const int64_t batch = v[0], n = v[1], m = v[2], type = v[3];
    const void *a = call->buffers[0], *b = call->buffers[1];
    for (int64_t i = 0; i < batch; ++i) {
        const int64_t length = integer_at(v[5], call->buffers[3], i);
        if (length < 0 || length > m) {
            call->error = "a length of the truth is out of bounds";
            return;
        }
    }
    parallel(call, batch, size_t(m + 1) * 8, [&](int64_t i, char *scratch) {
        int64_t a_length = integer_at(v[4], call->buffers[2], i), edits = 0;
        const int64_t b_length = integer_at(v[5], call->buffers[3], i);
        if (a_length < 0 || a_length > n) a_length = 0;
        switch (type) {
#define DISTANCE(name, T)                                                                    \
    case TYPE_##name:                                                                        \
        edits = distance((const T *)a + i * n, a_length, (const T *)b + i * m, b_length,     \
                         (int64_t *)scratch);                                                \
        break;
            PLAIN_TYPES(DISTANCE)
#undef DISTANCE
        }
        const float divisor = v[6] && edits > 0 ? float(b_length) : 1.0f;
        ((float *)call->buffers[4])[i] = float(edits) / divisor;
    });
}

}  // namespace

KERNEL_TABLE(sequences, {"ctc_loss", ctc_loss, nullptr}, {"ctc_gradient", ctc_gradient, nullptr},
             {"edit_distance", edit_distance, nullptr})
