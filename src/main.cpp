#include "cli/run.hpp"

int main(int argc, char** argv) { return tombolo::cli::run_process(argc, argv); }
