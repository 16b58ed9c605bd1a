#include "gateway/run.h"

int main(int argc, char **argv)
{
    return run_gateway(argc, argv);
}
