"""Whether a list of parts is what the schema of CycloneDX 1.6 asks for, strictly.

    tests/packages/sbom.py FILE
"""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

text = Path(sys.argv[1]).read_text()
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
if wrong:
    sys.exit(f"FAILED {sys.argv[1]}: {wrong}")
print(f"ok    {len(json.loads(text)['components'])} parts, as CycloneDX 1.6 has them")
