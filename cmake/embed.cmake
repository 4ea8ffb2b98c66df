# fovea_embed(target folder): compiles the files of a folder into the target (see embed.py-free
# implementation in cmake/). Filled in by the server's build.
