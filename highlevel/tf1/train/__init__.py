"""`tf.train`: optimizers, learning rates, checkpoints, and sessions that watch training."""

from __future__ import annotations

from ..arguments import missing_name
from . import (
    checkpoint_hook,
    checkpoint_state,
    checkpoints,
    coordinator,
    decays,
    hooks,
    monitored_session,
    moving_averages,
    optimizer,
    optimizers,
    proximal,
    saver,
    scaffold,
    session_run_hook,
    step_counter,
    summary_hook,
)
from .checkpoint_hook import *  # noqa: F403
from .checkpoint_state import *  # noqa: F403
from .checkpoints import *  # noqa: F403
from .coordinator import *  # noqa: F403
from .decays import *  # noqa: F403
from .hooks import *  # noqa: F403
from .monitored_session import *  # noqa: F403
from .moving_averages import *  # noqa: F403
from .optimizer import *  # noqa: F403
from .optimizers import *  # noqa: F403
from .proximal import *  # noqa: F403
from .saver import *  # noqa: F403
from .scaffold import *  # noqa: F403
from .session_run_hook import *  # noqa: F403
from .step_counter import *  # noqa: F403
from .summary_hook import *  # noqa: F403

__all__: list[str] = []
__all__ += checkpoint_hook.__all__
__all__ += checkpoint_state.__all__
__all__ += checkpoints.__all__
__all__ += coordinator.__all__
__all__ += decays.__all__
__all__ += hooks.__all__
__all__ += monitored_session.__all__
__all__ += moving_averages.__all__
__all__ += optimizer.__all__
__all__ += optimizers.__all__
__all__ += proximal.__all__
__all__ += saver.__all__
__all__ += scaffold.__all__
__all__ += session_run_hook.__all__
__all__ += step_counter.__all__
__all__ += summary_hook.__all__

__getattr__ = missing_name(__name__, __all__)
