"""embed_file: the bytes of a file as a cc_library."""

def embed_file(name, src, symbol, **kwargs):
    """`const unsigned char SYMBOL[]` and `const size_t SYMBOL_len`, declared in NAME.h.

    A zero byte follows the last one and is not counted, so that a text is also a C string.

    Args:
      name: of the target and its header
      src: the file
      symbol: of the bytes
      **kwargs: for the cc_library
    """
    native.genrule(
        name = name + "_gen",
        srcs = [src],
        outs = [name + ".c", name + ".h"],
        cmd = """
            {
                echo '#include "HEADER"'
                echo 'const unsigned char SYMBOL[] = {'
                od -An -v -tx1 $< | sed 's/ \\([0-9a-f][0-9a-f]\\)/0x\\1,/g'
                echo '0};'
                echo 'const size_t SYMBOL_len = sizeof SYMBOL - 1;'
            } > $(execpath NAME.c)
            {
                echo '#pragma once'
                echo '#include <stddef.h>'
                echo 'extern const unsigned char SYMBOL[];'
                echo 'extern const size_t SYMBOL_len;'
            } > $(execpath NAME.h)
        """.replace("SYMBOL", symbol).replace("NAME", name)
            .replace("HEADER", "%s/%s.h" % (native.package_name(), name)),
    )
    native.cc_library(
        name = name,
        srcs = [name + ".c"],
        hdrs = [name + ".h"],
        **kwargs
    )
