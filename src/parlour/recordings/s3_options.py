"""A bucket of S3, as the settings name it. Pure, so that the library is imported where it is used alone."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """A bucket and whose it is. `prefix` is empty or ends with a slash. Without `endpoint`, it is one of AWS.

    Without `key` and `secret`, boto3 looks for them as AWS's programs do.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    key: str | None
    secret: str | None = field(repr=False)
    is_path_style: bool
