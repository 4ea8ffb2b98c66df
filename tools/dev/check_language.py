#!/usr/bin/env python3
"""Rejects words and phrases that this project does not use, and suggests the usual term.

usage: tools/dev/check_language.py [--count] [PATH...]

Prints one line per finding, "PATH:LINE: WORD: SUGGESTION", and exits with 1 if there is any. Checks
comments, strings, identifiers and prose of the files whose names match FILES. With PATHs (files or
folders), only those. --count prints the findings per word and per folder.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

FILES = re.compile(
    r".*\.(md|h|cpp|tsx?|m?js|py|sh|css|html|cmake|conf|service|ya?ml|toml|txt)|server/api/openapi/.*\.json"
    r"|(tools|bench|deploy|\.ci)/[^.]*"
)
SKIPPED = re.compile(r"tools/dev/check_language\.py|tests/tools/check_language_test\.py")

# fmt: off
# Phrases that contain a word of RULES and are correct: (path, phrase). Regular expressions.
ALLOWED = [
    (r".*", r"there (is|are|was|were|be) no( more)?|no more than|(is|are) no longer"),
    (r".*", r"(is|are|was|were) no (longer|more|fewer|less|better|worse|larger|smaller|higher|lower|greater"
            r"|different|smoother) than"),
    (r".*", r"scikit[-_]learn|picture-in-picture"),
    # Deprecated paths, and a directive of the Content-Security-Policy.
    (r".*", r"sample_pictures|/picture(?=[\"`])|frame-ancestors"),
    # Names that stay valid: values of the API, and keys and options of earlier versions.
    (r".*", r'cannot_judge|"judged"|"pictures?"|min_old_pictures|history-pictures-mb'),
    (r".*", r'"looking at the new images"|"judging"'),
    (r"www/src/shared/verdict/strings\.ts", r"judged:"),
    (r"server/store/migrations\.cpp|tests/server/store/.*", r"[a-z_]*pictures?|ancestor"),
    (r"engine/image/heif_(av1|hevc)\.cpp", r"Dav1dPicture|(dav1d|de265)_\w*picture\w*"),  # libraries
    (r"CHANGELOG\.md", r"`[^`\n]*`"),
    (r"deploy/docker/rootfs", r"nobody"),  # a name in /etc/passwd
]

# (phrase, suggestion). A phrase is a regular expression. A space in it also matches a line break within
# a comment or a string literal.
RULES = [
    (r"tell|tells|told|telling", "report, say, show, state"),
    (r"anew", "again"),
    (r"at hand", "available"),
    (r"whoever|nobody|nobody's|somebody|somebody's|everybody|anybody", "the user, the client, no one"),
    (r"nowhere", "not ... anywhere"),
    (r"surest|likeliest|likelier", "most probable, highest probability, most likely"),
    (r"of (its|their|one's|his|your|my|our) own", "its own X, a separate X"),
    (r"in words", "as text, as a sentence"),
    (r"in service", "active"),
    (r"(is|are|was|were) no [a-z]+", "is not a/an X, there is no X"),
    (r"no more", "no longer"),
    (r"mend|mends|mended|mending", "fix, repair"),
    (r"mind:", "Note:"),
    (r"pictures?|pictured", "image"),
    (r"by itself", "automatically"),
    (r"wish|wishes", "request"),
    (r"doors?", "interface, client, entry point"),
    (r"trouble", "error, problem"),
    (r"at first", "initially, first"),
    (r"goes on|go on|going on|went on", "continue, resume"),
    (r"one can|for people", "you can; human-readable"),
    (r"judge|judges|judged|judging", "evaluate, decide"),
    (r"(learn|learns|learned|learnt)", "train, fit"),
    (r"(look|looks|looked|looking) at", "read, inspect, check"),
    (r"(ask|asks|asked) for", "request"),
    (r"sitting", "run"),
    (r"of all bounds|beyond all bounds", "diverged, out of range"),
    (r"sought|unsaid|ancestors?", "requested; unspecified; legacy"),
]
# fmt: on
SEPARATOR = r'[\s"/*#]*\s[\s"/*#]*'  # between two words: blanks, line breaks, comment and string marks


def spaced(phrase):
    return phrase.replace(" ", SEPARATOR)


# A word begins after a character that is not a letter, or at a capital of camelCase.
PATTERN = re.compile(
    r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))(?i:"
    + "|".join(spaced(phrase) for phrase, _ in RULES)
    + r")(?![a-z])"
)
ALLOWED_PATTERNS = [
    (re.compile(path), re.compile(rf"(?<![a-z])(?:{spaced(phrase)})(?![a-z])", re.I))
    for path, phrase in ALLOWED
]
SUGGESTIONS = [(re.compile(spaced(phrase), re.I), suggestion) for phrase, suggestion in RULES]


def check_text(path, text):
    """All findings of one file as (line, words, suggestion)."""
    for allowed_path, phrase in ALLOWED_PATTERNS:
        if allowed_path.fullmatch(path):
            text = phrase.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    for match in PATTERN.finditer(text):
        words = " ".join(re.findall(r"[\w':]+", match.group().lower()))
        suggestion = next(s for pattern, s in SUGGESTIONS if pattern.fullmatch(match.group()))
        yield text.count("\n", 0, match.start()) + 1, words, suggestion


def files(root):
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [
        p
        for p in listing.stdout.splitlines()
        if FILES.fullmatch(p) and not SKIPPED.fullmatch(p) and (root / p).is_file()
    ]


def findings(root, below=("",)):
    return [
        (path, *finding)
        for path in files(root)
        if path.startswith(below)
        for finding in check_text(path, (root / path).read_text(encoding="utf-8"))
    ]


def print_counts(found):
    for words, number in Counter(words for _, _, words, _ in found).most_common():
        print(f"{number:6} {words}")
    for folder, number in Counter("/".join(path.split("/")[:2]) for path, *_ in found).most_common():
        print(f"{number:6} in {folder}")


def main():
    paths = tuple(argument.removeprefix("./") for argument in sys.argv[1:] if argument != "--count")
    root = Path.cwd()
    found = findings(root, paths or ("",))
    if "--count" in sys.argv:
        print_counts(found)
    else:
        for finding in found:
            print("{}:{}: {}: {}".format(*finding))
    number_of_files = len(files(root))
    print(f"{number_of_files} files, {len(found)} findings")
    return 1 if found or not number_of_files else 0


if __name__ == "__main__":
    sys.exit(main())
