// Which instruction sets this processor has, and the kernels compiled for the one in use.
#pragma once
#include <string>
#include <vector>

#include "kernel.h"

const Kernel *find_kernel(const std::string &name);  // null if there is none
std::vector<std::string> kernel_names();
bool has_elementwise(int op, int type);      // a table of kernels/elementwise.cpp
int64_t panel_columns();                     // NR of tile.h in the chosen instruction set
std::string isa_name();                      // "avx512", chosen once, by cpuid or THALWEG_ISA
std::vector<std::string> usable_isa_names();  // fastest first
bool has_fast_bfloat16();                    // whether kernels/bfloat_….cpp run on AMX
