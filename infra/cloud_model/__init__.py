"""Cloud model: the one place that invents ids and outputs, for the recorder and for the tests' stand-in providers.

Holds no state and reads nothing but the provider packages' own classes. Inputs and outputs are plain values under the
names of the wire (camelCase), secrets revealed.
"""

from infra.cloud_model.creation import created, previewed
from infra.cloud_model.functions import invoked, read
from infra.cloud_model.replacement import replacing
from infra.cloud_model.schema import is_taggable, resource_class
from infra.cloud_model.validation import failures

__all__ = ["created", "failures", "invoked", "is_taggable", "previewed", "read", "replacing", "resource_class"]
