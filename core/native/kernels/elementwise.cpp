// Chains of element-wise operations, of any length, in one pass over memory.
//
// The chain is a small program for a machine whose registers hold a block of elements each, some
// kilobytes, so that they stay in the first-level cache; an operation is a loop over a block, in
// full vectors. Only what enters and leaves the chain touches memory: for long chains that is most
// of the time saved. Inputs that broadcast are spread into a register, once a task where a block
// holds whole periods of them.
//
// ints: see `Chain::read`. reals: the constants. buffers: inputs, then outputs.
#include "../denormals.h"
#include "../elementwise_ops.h"
#include "../parallel.h"
#include "elementwise_functions.h"

namespace {

enum OperandKind : int64_t {
    FULL = 0,      // one element for each of the output's
    CONSTANT = 1,  // p0: which of the reals
    SCALAR = 2,    // a single element
    PERIODIC = 3,  // p0 elements over and over (a bias along the last axis)
    REPEATED = 4,  // each element p0 times (a mean along the last axis)
    STRIDED = 5,   // p0 axes, then sizes, then strides in elements
    ROWS = 6,      // rows of p0 elements; words: from one row to the next, offset of the first
    PICKED = 7,    // a table of rows of p0 elements, each the sum of some of the buffer's, or zero;
                   // words: the buffer that list_rows has made, the table's number of rows
};

constexpr int MAX_OPERANDS = 24, MAX_REGISTERS = 24, MAX_SOURCES = 5, MAX_AXES = 8;
constexpr int64_t TASK_WORK = 1 << 16;  // elements times operations, about 10 us

struct Operand {
    OperandKind kind;
    int64_t type, bytes, buffer, p0;
    const int64_t *axes;
    int64_t place;  // its register, unless it is FULL
    bool is_fixed;  // its register is filled once a task
};

// Where a result goes: all of its buffer, or rows in it.
struct Result {
    int64_t bytes, buffer;
    int64_t row, stride, offset;  // elements; row is 0 for all of the buffer
};

struct Step {
    BlockFunction function;
    int64_t destination;
    int64_t source_count, sources[MAX_SOURCES];
};

// Operands are named by numbers: registers from 0, full inputs -1 - i, outputs -1 - inputs - i.
struct Chain {
    int64_t count, block, register_count, register_bytes;
    int64_t input_count, output_count, step_count, first_output;
    Operand inputs[MAX_OPERANDS];
    Result outputs[MAX_OPERANDS];
    const int64_t *steps;

    // ints: count, block, register_count, register_bytes, input_count, output_count, step_count,
    // number of the first output's buffer; inputs: kind, type, bytes, buffer, register, p0, words, words more; outputs: bytes, buffer, row, stride, offset;
    // steps: op, type, destination, source_count, sources.
    void read(const int64_t *v) {
        count = v[0], block = v[1], register_count = v[2], register_bytes = v[3];
        input_count = v[4], output_count = v[5], step_count = v[6], first_output = v[7];
        v += 8;
        for (int64_t i = 0; i < input_count; ++i) {
            Operand &o = inputs[i];
            o = {OperandKind(v[0]), v[1], v[2], v[3], v[5], v + 7, v[4], false};
            o.is_fixed = o.kind == CONSTANT || o.kind == SCALAR || (o.kind == PERIODIC && block % o.p0 == 0);
            v += 7 + v[6];
        }
        for (int64_t i = 0; i < output_count; ++i, v += 5) outputs[i] = {v[0], v[1], v[2], v[3], v[4]};
        steps = v;
    }
};

template <class T> void spread(const Operand &o, const T *from, T *to, int64_t first, int64_t n) {
    switch (o.kind) {
        case SCALAR:
            for (int64_t i = 0; i < n; ++i) to[i] = from[0];
            return;
        case PERIODIC:
            for (int64_t i = 0, at = first % o.p0; i < n; at = 0) {
                const int64_t run = smaller(n - i, o.p0 - at);
                for (int64_t k = 0; k < run; ++k) to[i + k] = from[at + k];
                i += run;
            }
            return;
        case REPEATED:
            for (int64_t i = 0, at = first / o.p0, left = o.p0 - first % o.p0; i < n; ++at, left = o.p0) {
                const int64_t run = smaller(n - i, left);
                for (int64_t k = 0; k < run; ++k) to[i + k] = from[at];
                i += run;
            }
            return;
        case ROWS:
            from += o.axes[1];
            for (int64_t i = 0, row = first / o.p0, at = first % o.p0; i < n; ++row, at = 0) {
                const int64_t run = smaller(n - i, o.p0 - at);
                const T *source = from + row * o.axes[0] + at;
                for (int64_t k = 0; k < run; ++k) to[i + k] = source[k];
                i += run;
            }
            return;
        default: break;
    }
    // the odometer of an index, last axis fastest
    const int64_t rank = o.p0, *sizes = o.axes, *strides = o.axes + rank;
    int64_t index[MAX_AXES], at = 0;
    for (int64_t a = rank - 1, rest = first; a >= 0; --a) {
        index[a] = rest % sizes[a];
        rest /= sizes[a];
        at += index[a] * strides[a];
    }
    for (int64_t i = 0; i < n; ++i) {
        to[i] = from[at];
        for (int64_t a = rank - 1; a >= 0; --a) {
            at += strides[a];
            if (++index[a] < sizes[a]) break;
            at -= sizes[a] * strides[a];
            index[a] = 0;
        }
    }
}

template <class T>
void add_picked(const Operand &o, const T *rows, const int32_t *lists, T *to, int64_t first, int64_t n) {
    const int64_t width = o.p0;
    const int32_t *next = lists + o.axes[1];
    for (int64_t i = 0, row = first / width, at = first % width; i < n; ++row, at = 0) {
        const int64_t run = smaller(n - i, width - at);
        for (int64_t k = 0; k < run; ++k) to[i + k] = 0;
        for (int32_t picked = lists[row]; picked >= 0; picked = next[picked]) {
            const T *from = rows + picked * width + at;
            for (int64_t k = 0; k < run; ++k) to[i + k] += from[k];
        }
        i += run;
    }
}

void fill_register(const Operand &o, const void *from, char *to, int64_t first, int64_t n) {
    switch (o.bytes) {
        case 1: return spread(o, (const uint8_t *)from, (uint8_t *)to, first, n);
        case 2: return spread(o, (const uint16_t *)from, (uint16_t *)to, first, n);
        case 4: return spread(o, (const uint32_t *)from, (uint32_t *)to, first, n);
        default: return spread(o, (const uint64_t *)from, (uint64_t *)to, first, n);
    }
}

template <class T> void fill_constant(T *to, double value, int64_t n) {
    for (int64_t i = 0; i < n; ++i) put(to + i, convert<double, T>(value));
}

void fill_constant(int64_t type, char *to, double value, int64_t n) {
#define FILL(name, T) \
    case TYPE_##name: return fill_constant((T *)to, value, n);
    switch (type) { ELEMENT_TYPES(FILL) }
#undef FILL
}

// An operand of a step while a block runs: registers stay where they are, the others move along.
struct Pointer {
    char *base;
    int64_t bytes;  // of an element, 0 for a register
};

class Machine {
  public:
    Machine(Call *call, const Chain &chain, char *registers)
        : call_(call), chain_(chain), registers_(registers) {
        outputs_in_place_ = find_shared_memory();
        for (int64_t o = 0; o < chain.output_count; ++o) waits_[o] = outputs_in_place_ || chain.outputs[o].row;
    }

    void run(int64_t first, int64_t last) {
        const int64_t *code = chain_.steps;
        Step steps[MAX_STEPS];
        Pointer pointers[MAX_STEPS][MAX_SOURCES + 1];
        for (int64_t s = 0; s < chain_.step_count; ++s) {
            const int64_t sources = code[3];
            steps[s] = {block_function(code[0], code[1]), code[2], sources, {}};
            pointers[s][0] = pointer(code[2]);
            for (int64_t k = 0; k < sources; ++k) pointers[s][k + 1] = pointer(code[4 + k]);
            code += 4 + sources;
        }
        for (int64_t i = 0; i < chain_.input_count; ++i)
            if (chain_.inputs[i].is_fixed) fill(chain_.inputs[i], 0, smaller(chain_.block, last - first));
        for (int64_t at = first; at < last; at += chain_.block) {
            const int64_t n = smaller(chain_.block, last - at);
            for (int64_t i = 0; i < chain_.input_count; ++i)
                if (chain_.inputs[i].kind != FULL && !chain_.inputs[i].is_fixed)
                    fill(chain_.inputs[i], at, n);
            for (int64_t s = 0; s < chain_.step_count; ++s) {
                const void *sources[MAX_SOURCES];
                for (int64_t k = 0; k < steps[s].source_count; ++k) {
                    const Pointer &p = pointers[s][k + 1];
                    sources[k] = p.base + p.bytes * at;
                }
                const Pointer &p = pointers[s][0];
                steps[s].function(p.base + p.bytes * at, sources, n);
            }
            for (int64_t o = 0; o < chain_.output_count; ++o)
                if (waits_[o]) store_output(o, at, n);
        }
    }

  private:
    // Where an output lies over an input, a step that writes it may overwrite what a later step of
    // the same block still reads: then outputs wait in registers until the block is done.
    bool find_shared_memory() const {
        for (int64_t o = 0; o < chain_.output_count; ++o)
            for (int64_t i = 0; i < chain_.input_count; ++i)
                if (chain_.inputs[i].kind != CONSTANT && output(o) == input(chain_.inputs[i]) &&
                    last_read(i) > written_by(o))
                    return true;
        return false;
    }
    int64_t last_read(int64_t i) const {
        if (chain_.inputs[i].kind != FULL) return -1;  // one element, and of the same size
        const int64_t *code = chain_.steps;
        int64_t last = -1;
        for (int64_t s = 0; s < chain_.step_count; code += 4 + code[3], ++s)
            for (int64_t k = 0; k < code[3]; ++k)
                if (code[4 + k] == -1 - i) last = s;
        return last;
    }
    int64_t written_by(int64_t o) const {
        const int64_t *code = chain_.steps;
        for (int64_t s = 0; s < chain_.step_count; code += 4 + code[3], ++s)
            if (code[2] == -1 - chain_.input_count - o) return s;
        return -1;
    }

    char *input(const Operand &o) const { return (char *)call_->buffers[o.buffer]; }
    char *output(int64_t o) const {
        return (char *)call_->buffers[chain_.first_output + chain_.outputs[o].buffer];
    }
    char *register_at(int64_t r) const { return registers_ + r * chain_.register_bytes; }
    char *waiting(int64_t o) const { return register_at(chain_.register_count + o); }

    Pointer pointer(int64_t operand) const {
        if (operand >= 0) return {register_at(operand), 0};
        const int64_t i = -1 - operand;
        if (i < chain_.input_count) return {input(chain_.inputs[i]), chain_.inputs[i].bytes};
        const int64_t o = i - chain_.input_count;
        if (waits_[o]) return {waiting(o), 0};
        return {output(o), chain_.outputs[o].bytes};
    }

    void fill(const Operand &o, int64_t first, int64_t n) const {
        char *to = register_at(o.place);
        if (o.kind == CONSTANT) fill_constant(o.type, to, call_->reals[o.p0], n);
        else if (o.kind == PICKED) fill_picked(o, to, first, n);
        else fill_register(o, input(o), to, first, n);
    }

    void fill_picked(const Operand &o, char *to, int64_t first, int64_t n) const {
        const int32_t *lists = (const int32_t *)call_->buffers[o.axes[0]];
        if (o.bytes == 4) add_picked(o, (const float *)input(o), lists, (float *)to, first, n);
        else add_picked(o, (const double *)input(o), lists, (double *)to, first, n);
    }

    void store_output(int64_t o, int64_t first, int64_t n) const {
        const Result &result = chain_.outputs[o];
        const int64_t length = result.row ? result.row : chain_.count;
        const char *from = waiting(o);
        for (int64_t row = first / length, at = first % length; n > 0; ++row, at = 0) {
            const int64_t run = smaller(n, length - at), bytes = run * result.bytes;
            const int64_t to = row * result.stride + result.offset + at;
            __builtin_memcpy(output(o) + to * result.bytes, from, size_t(bytes));
            from += bytes, n -= run;
        }
    }

    Call *call_;
    const Chain &chain_;
    char *registers_;
    bool outputs_in_place_;
    bool waits_[MAX_OPERANDS];  // an output whose blocks are not the ones of memory
};

template <bool IS_UPDATE> void run_chain(Call *call) {
    Chain chain;
    chain.read(call->ints);
    if (chain.count == 0) return;
    const int64_t blocks = divide_up(chain.count, chain.block);
    const int64_t per_task = greater(1, TASK_WORK / (chain.block * greater(1, chain.step_count)));
    const int64_t tasks = divide_up(blocks, per_task), span = per_task * chain.block;
    const size_t scratch = size_t((chain.register_count + chain.output_count) * chain.register_bytes);
    parallel(call, tasks, scratch + 64, [&](int64_t task, char *registers) {
        Machine machine(call, chain, registers);
        const int64_t first = task * span, last = smaller(chain.count, first + span);
        if constexpr (IS_UPDATE) {
            const DenormalsAreZero mode;
            machine.run(first, last);
        } else {
            machine.run(first, last);
        }
    });
}

void elementwise(Call *call) { run_chain<false>(call); }

// The same, of an optimizer: see denormals.h.
void update(Call *call) { run_chain<true>(call); }

// ints: op, type. Fails where the table has nothing for them.
void has_elementwise(Call *call) {
    if (!block_function(call->ints[0], call->ints[1])) call->error = "no such operation";
}

}  // namespace

KERNEL_TABLE(elementwise, {"elementwise", elementwise, nullptr}, {"update", update, nullptr},
             {"has_elementwise", has_elementwise, nullptr})
