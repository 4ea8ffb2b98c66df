"""The layer check reports forbidden includes and imports, and accepts allowed ones."""

import importlib.util
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "tools/dev/check_layers.py"
spec = importlib.util.spec_from_file_location("check_layers", SCRIPT)
check_layers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_layers)


def messages(path, text):
    return [message for _, message in check_layers.check_file(path, text)]


class CheckLayers(unittest.TestCase):
    def test_a_lower_layer_may_not_include_a_higher_one(self):
        found = messages("engine/core/x.h", '#include "engine/nn/layer.h"\n')
        self.assertEqual(len(found), 1)
        self.assertIn("engine/core may include nothing", found[0])
        self.assertTrue(messages("engine/model/x.h", '#include "server/main.h"\n'))
        self.assertTrue(messages("engine/data/x.h", '#include "engine/model/model.h"\n'))

    def test_a_higher_layer_may_include_a_lower_one(self):
        self.assertEqual(messages("engine/nn/x.h", '#include "engine/core/tensor.h"\n'), [])
        self.assertEqual(messages("tools/fovea/x.cpp", '#include "server/app.h"\n'), [])

    def test_libraries_stay_in_their_one_file(self):
        self.assertEqual(messages("engine/kernels/gemm_isa.cpp", "#include <Eigen/Core>\n"), [])
        self.assertTrue(messages("engine/nn/dense.cpp", "#include <Eigen/Core>\n"))
        self.assertTrue(messages("engine/image/resize.cpp", "#include <stb/stb_image.h>\n"))
        self.assertTrue(messages("tests/engine/x_test.cpp", "#include <catch2/catch.hpp>\n"))
        self.assertTrue(messages("engine/train/x.cpp", "#pragma omp parallel for\n"))
        self.assertTrue(messages("engine/core/x.cpp", "#include <nlohmann/json.hpp>\n"))

    def test_the_engine_neither_prints_nor_exits(self):
        for line in ["std::cout << 1;", 'std::printf("x");', "std::exit(1);", "abort();"]:
            self.assertTrue(messages("engine/core/x.cpp", line + "\n"), line)
        self.assertEqual(messages("tools/fovea/x.cpp", "std::exit(1);\n"), [])

    def test_comments_and_strings_are_not_code(self):
        text = '// std::exit(1) would be wrong\nthrow IoError("abort()");\n/* printf( */\n'
        self.assertEqual(messages("engine/core/x.cpp", text), [])

    def test_sources_are_ascii_and_have_a_layer(self):
        self.assertEqual(messages("engine/core/x.cpp", "// caf\u00e9\n"), ["not ASCII"])
        self.assertTrue(messages("elsewhere/x.cpp", ""))
        self.assertTrue(messages("engine/core/x.cpp", '#include "tensor.h"\n'))

    def test_a_folder_of_the_page_may_import_only_those_below_it(self):
        self.assertEqual(messages("www/src/net/api.ts", 'import { words } from "../base/strings.js";\n'), [])
        found = messages("www/src/net/api.ts", 'import { route } from "../app/router.js";\n')
        self.assertEqual(len(found), 1)
        self.assertIn("not ../app/router.js", found[0])
        self.assertTrue(messages("www/src/components/x.tsx", 'import { token } from "../net/token.js";\n'))
        self.assertTrue(messages("www/src/base/x.ts", 'import "../../gallery/gallery.js";\n'))

    def test_type_imports_and_lazy_imports_count(self):
        text = 'import type { View } from "../shell/views.js";\n'
        self.assertTrue(messages("www/src/app/x.ts", text))
        text = 'load: () => import("../shell/views.js")\n'
        self.assertTrue(messages("www/src/app/x.ts", text))

    def test_views_do_not_import_each_other_and_the_shell_imports_them_all(self):
        text = 'import { x } from "../overview/sentences.js";\n'
        self.assertTrue(messages("www/src/views/models/x.ts", text))
        text = 'load: () => import("../views/models/models.js")\n'
        self.assertEqual(messages("www/src/shell/views.ts", text), [])

    def test_packages_of_the_page_stay_in_their_one_file(self):
        text = 'import { Chart } from "chart.js";\n'
        self.assertEqual(messages("www/src/components/chart/draw.ts", text), [])
        self.assertTrue(messages("www/src/views/data/x.tsx", text))
        self.assertTrue(messages("www/src/net/x.ts", 'import type { Code } from "fovea";\n'))

    def test_cycles_between_files_are_found(self):
        texts = {
            "www/src/net/a.ts": 'import "./b.js";\n',
            "www/src/net/b.ts": 'import type { C } from "./c.js";\n',
            "www/src/net/c.tsx": '// first line\nimport "./b.js";\n',
        }
        found = list(check_layers.check_cycles(texts))
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0][:2], ("www/src/net/b.ts", 1))
        self.assertIn("b.ts -> www/src/net/c.tsx -> www/src/net/b.ts", found[0][2])
        texts["www/src/net/b.ts"] = ""
        self.assertEqual(list(check_layers.check_cycles(texts)), [])

    def test_cycles_between_headers_are_found(self):
        texts = {
            "engine/nn/a.h": '#include "engine/nn/b.h"\n',
            "engine/nn/b.h": '#include "engine/nn/a.h"\n',
            "engine/nn/a.cpp": '#include "engine/nn/a.h"\n',
        }
        self.assertEqual(len(list(check_layers.check_cycles(texts))), 1)

    def test_a_tree_with_a_bad_file_fails_as_a_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "init", "-q", folder], check=True)
            bad = Path(folder) / "engine/core/bad.h"
            bad.parent.mkdir(parents=True)
            bad.write_text('#include "engine/train/trainer.h"\n')
            run = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True)
            self.assertEqual(run.returncode, 1, run.stdout)
            self.assertIn("engine/core/bad.h:1: ", run.stdout)
            view = Path(folder) / "www/src/base/view.ts"
            view.parent.mkdir(parents=True)
            view.write_text('import "../net/api.js";\n')
            run = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True)
            self.assertIn("www/src/base/view.ts:1: ", run.stdout)
            view.unlink()
            bad.write_text("#pragma once\n")
            run = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stdout)


if __name__ == "__main__":
    unittest.main()
