"""The language check rejects the words it lists and accepts the phrases it allows."""

import importlib.util
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "tools/dev/check_language.py"
spec = importlib.util.spec_from_file_location("check_language", SCRIPT)
check_language = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_language)


def found(text, path="docs/x.md"):
    return [(line, words) for line, words, _ in check_language.check_text(path, text)]


class CheckLanguage(unittest.TestCase):
    def test_listed_words_are_found_with_their_line_and_a_suggestion(self):
        self.assertEqual(
            list(check_language.check_text("x.md", "One\nclient is TOLD so.")),
            [(2, "told", "report, say, show, state")],
        )
        self.assertEqual(found("trained anew, whoever asks"), [(1, "anew"), (1, "whoever")])

    def test_parts_of_longer_words_are_not_found(self):
        self.assertEqual(found("retold wishful tellurium learnable indoors foretells"), [])

    def test_identifiers_are_split_at_underscores_and_capitals(self):
        self.assertEqual(found("int told_twice; void jobTold(); toldAgain"), [(1, "told")] * 3)

    def test_phrases_are_found_across_line_breaks_of_comments_and_strings(self):
        self.assertEqual(found("// a thread of its\n// own\n"), [(1, "of its own")])
        self.assertEqual(found('"images at "\n  "hand"'), [(1, "at hand")])
        self.assertEqual(found("# a number at\n# hand"), [(1, "at hand")])

    def test_there_is_no_is_accepted_and_is_no_is_not(self):
        self.assertEqual(found("There is no image. It is no longer there. There are no more."), [])
        self.assertEqual(found("The file is no JPEG"), [(1, "is no jpeg")])
        self.assertEqual(found("scores are no worse than before, no more than 5"), [])

    def test_names_of_earlier_versions_are_accepted_where_they_are_read(self):
        self.assertEqual(found('rename_key(json, "pictures", "images");', "engine/x.cpp"), [])
        self.assertEqual(found("DROP TABLE pictures", "server/store/migrations.cpp"), [])
        self.assertEqual(found("DROP TABLE pictures", "server/store/x.cpp"), [(1, "pictures")])
        self.assertEqual(found("`old_pictures` is `old_images`", "CHANGELOG.md"), [])

    def test_a_tree_with_a_finding_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "init", "-q", folder], check=True)
            bad = Path(folder) / "notes.md"
            bad.write_text("as told\n")
            listed = check_language.findings(Path(folder))
            self.assertEqual([(path, words) for path, _, words, _ in listed], [("notes.md", "told")])
            run = subprocess.run([sys.executable, SCRIPT], cwd=folder, capture_output=True, text=True)
            self.assertEqual(run.returncode, 1, run.stdout)
            self.assertIn("notes.md:1: told", run.stdout)
            bad.write_text("as reported\n")
            run = subprocess.run([sys.executable, SCRIPT], cwd=folder, capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stdout)
            self.assertIn("1 files, 0 findings", run.stdout)


if __name__ == "__main__":
    unittest.main()
