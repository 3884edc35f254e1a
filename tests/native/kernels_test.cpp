// Runs the kernels of THALWEG_ISA, or of the widest instruction set, against plain loops in double.
//
//     kernels_test [part of a test's name]      exits with 1 if a check fails
//     kernels_test --isas                       prints the instruction sets of this processor
#include "check.h"

int checks = 0, failures = 0;

namespace {

// Gives every task scratch of the exact size, full of NaNs: what one task leaves, none may need.
void run_exactly(const Team *, int64_t tasks, Task task, void *argument, size_t scratch_bytes) {
    for (int64_t i = 0; i < tasks; ++i) {
        char *scratch = nullptr;
        if (scratch_bytes && posix_memalign(reinterpret_cast<void **>(&scratch), 64, scratch_bytes))
            std::abort();
        if (scratch) std::memset(scratch, 0xff, scratch_bytes);
        task(argument, i, scratch);
        std::free(scratch);
    }
}
const Team exact_team{run_exactly};

const char *run_on(const Team *team, Test &test, const Kernel *kernel) {
    std::vector<void *> buffers;
    for (const Array &array : test.inputs) buffers.push_back(array.data());
    for (const Array &array : test.outputs) buffers.push_back(array.data());
    const int64_t bytes = kernel->workspace_bytes ? kernel->workspace_bytes(test.ints.data()) : 0;
    char *workspace = nullptr;
    if (posix_memalign(reinterpret_cast<void **>(&workspace), 64, bytes ? size_t(bytes) : 1))
        std::abort();
    std::memset(workspace, 0xff, size_t(bytes));
    Call call{buffers.data(), test.ints.data(), test.reals.data(), workspace, team, nullptr};
    kernel->run(&call);
    std::free(workspace);
    for (const Array &array : test.inputs)
        expect(array.is_fenced(), test.name, "wrote beside an input");
    for (const Array &array : test.outputs)
        expect(array.is_fenced(), test.name, "wrote beside an output");
    return call.error;
}

}  // namespace

void Test::run() {
    const Kernel *found = find_kernel(kernel);
    if (!found) return fail(name, "there is no such kernel");
    for (Array &array : outputs) array.forget();
    error = run_on(&exact_team, *this, found);
    const std::vector<Array> first = outputs;
    for (int threads = 1; threads <= 4; ++threads) {
        set_thread_count(threads);
        for (Array &array : outputs) array.forget();
        run_on(pool_team(), *this, found);
        for (size_t i = 0; i < outputs.size(); ++i)
            expect(std::memcmp(outputs[i].data(), first[i].data(), first[i].bytes()) == 0, name,
                   text_of("output %zu has other bits on %d threads", i, threads));
    }
}

int main(int count, char **arguments) {
    const std::string wanted = count > 1 ? arguments[1] : "";
    if (wanted == "--isas") {
        for (const std::string &name : usable_isa_names()) std::printf("%s ", name.c_str());
        std::printf("\n");
        return 0;
    }
    const struct {
        const char *name;
        void (*run)();
    } tests[] = {
        {"products", test_products},
        {"convolutions", test_convolutions},
        {"winograd", test_winograd},
        {"pooling", test_pooling},
        {"reductions", test_reductions},
        {"softmax", test_softmax},
        {"normalization", test_normalization},
        {"elementwise", test_elementwise},
        {"chains", test_chains},
        {"random", test_random},
        {"draws", test_draws},
        {"labels", test_labels},
        {"matrices", test_matrices},
        {"movement", test_movement},
        {"indices", test_indices},
        {"lines", test_lines},
        {"plain products", test_plain_products},
        {"images", test_images},
        {"plans", test_plans},
    };
    for (const auto &test : tests)
        if (std::string(test.name).find(wanted) != std::string::npos) test.run();
    std::printf("%s: %d checks, %d failed\n", isa_name().c_str(), checks, failures);
    return failures || !checks ? 1 : 0;
}
