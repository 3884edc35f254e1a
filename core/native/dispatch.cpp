// Compiled for the baseline, so that it runs anywhere.
#include "dispatch.h"

#include <cstdlib>
#include <stdexcept>
#include <unordered_map>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "tables.inc"  // made by CMake: TABLES_baseline, TABLES_avx2 … list the kernel files

namespace {

struct Isa {
    const char *name;
    std::vector<const KernelTable *> tables;
};

struct Features {
    bool avx2 = false, avx512 = false;
};

Features probe() {
    Features found;
#if defined(__x86_64__)
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
    const bool fma = c >> 12 & 1, osxsave = c >> 27 & 1, avx = c >> 28 & 1;
    if (!osxsave || !avx || !fma) return found;
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
    // the processor has it, and the operating system saves the wide registers
    found.avx2 = (b >> 5 & 1) && (low & 0x6) == 0x6;
    found.avx512 = found.avx2 && (low & 0xe6) == 0xe6 && (b >> 16 & 1) && (b >> 17 & 1) &&
                   (b >> 30 & 1) && (b >> 31 & 1);  // F, DQ, BW, VL
#endif
    return found;
}

std::vector<Isa> usable() {
    std::vector<Isa> list;
    [[maybe_unused]] const Features has = probe();
#ifdef THALWEG_HAVE_AVX512
    if (has.avx512) list.push_back({"avx512", {TABLES_avx512}});
#endif
#ifdef THALWEG_HAVE_AVX2
    if (has.avx2) list.push_back({"avx2", {TABLES_avx2}});
#endif
#ifdef THALWEG_HAVE_NEON
    list.push_back({"neon", {TABLES_neon}});
#else
    list.push_back({"baseline", {TABLES_baseline}});
#endif
    return list;
}

Isa choose() {
    const auto list = usable();
    const char *wanted = std::getenv("THALWEG_ISA");
    if (!wanted || !*wanted) return list.front();
    for (const auto &isa : list)
        if (wanted == std::string(isa.name)) return isa;
    std::string names;
    for (const auto &isa : list) names += std::string(names.empty() ? "" : ", ") + isa.name;
    throw std::runtime_error(std::string("THALWEG_ISA=") + wanted +
                             ": this processor and build have only " + names);
}

const Isa &chosen() {
    static const Isa isa = choose();
    return isa;
}

const std::unordered_map<std::string, const Kernel *> &by_name() {
    static const auto map = [] {
        std::unordered_map<std::string, const Kernel *> made;
        for (const KernelTable *table : chosen().tables)
            for (int i = 0; i < table->count; ++i)
                made[table->kernels[i].name] = &table->kernels[i];
        return made;
    }();
    return map;
}

}  // namespace

const Kernel *find_kernel(const std::string &name) {
    const auto found = by_name().find(name);
    return found == by_name().end() ? nullptr : found->second;
}

std::vector<std::string> kernel_names() {
    std::vector<std::string> names;
    for (const auto &entry : by_name()) names.push_back(entry.first);
    return names;
}

bool has_elementwise(int op, int type) {
    Call call{};
    const int64_t ints[2] = {op, type};
    call.ints = ints;
    find_kernel("has_elementwise")->run(&call);
    return call.error == nullptr;
}

int64_t panel_columns() {
    int64_t columns = 0;
    void *buffers[1] = {&columns};
    Call call{};
    call.buffers = buffers;
    find_kernel("panel_columns")->run(&call);
    return columns;
}

std::string isa_name() { return chosen().name; }

std::vector<std::string> usable_isa_names() {
    std::vector<std::string> names;
    for (const auto &isa : usable()) names.push_back(isa.name);
    return names;
}
