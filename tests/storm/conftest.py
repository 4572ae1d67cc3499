"""What is asserted after each kill says what it found."""

import pytest

pytest.register_assert_rewrite("tests.storm.storm")
