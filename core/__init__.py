"""The dataflow-graph core (folder core/, imported as thalweg.core)."""

if __name__ != "thalweg.core":
    raise ImportError(
        f"folder core/ was imported as {__name__!r}; import it as 'thalweg.core' "
        "(run 'pip install -e .' first)"
    )

from .errors import (
    DataError,
    DtypeError,
    FeedError,
    FileFormatError,
    GraphError,
    KernelError,
    MissingExtraError,
    OptionError,
    ShapeError,
    ThalwegError,
)
from .function import GraphFunction
from .gradients import gradients
from .graph import (
    Graph,
    Operation,
    Tensor,
    control_dependencies,
    get_default_graph,
    library,
    name_scope,
    reset_default_graph,
)
from . import ops
from .ops.control import choose
from .ops.elementwise import *
from .ops.source import constant, convert, placeholder, placeholder_with_default
from .ops.state import Trace, Variable, assign, assign_add, assign_sub, group, no_op
from .session import Session, current_session, get_default_session, set_session
