"""Tables whose rows are learned."""

from __future__ import annotations

from typing import Any

from tapeless.graph.modes import no_grad
from tapeless.graph.vocabulary.creating import empty
from tapeless.nn import functional, init
from tapeless.nn.module import Module
from tapeless.nn.parameter import Parameter


class Embedding(Module):
    """The rows of `weight` (num_embeddings, embedding_dim) whose numbers come in, of any shape.

    First standard normal numbers; the row `padding_idx` zeros, without gradient. `max_norm` scales down
    rows that are asked for and longer. IndexError for numbers of no row, ValueError for a `padding_idx` of
    none. Gradients are dense: `sparse=True` is refused. As `torch.nn.Embedding`.

    >>> import tapeless as tl
    >>> table = Embedding(10, 3, padding_idx=0)
    >>> table(tl.tensor([[1, 0], [2, 2]])).shape
    torch.Size([2, 2, 3])
    >>> table(tl.tensor(0))
    tensor([0., 0., 0.], grad_fn=<WhereBackward0>)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if sparse:
            raise NotImplementedError("Embedding: gradients are dense arrays; sparse=True is not supported")
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError("Padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.weight = Parameter(empty(num_embeddings, embedding_dim, device=device, dtype=dtype))
        self.reset_parameters()

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, **options: Any) -> Embedding:
        """A table that holds the rows of the Tensor `embeddings`, which are not trained if `freeze`.

        >>> import tapeless as tl
        >>> Embedding.from_pretrained(tl.eye(2))(tl.tensor([1]))
        tensor([[0., 1.]])
        """
        if len(embeddings.shape) != 2:
            raise ValueError("Embeddings parameter is expected to be 2-dimensional")
        made = cls(*embeddings.shape, **options)
        made.weight = Parameter(embeddings, requires_grad=not freeze)
        return made

    def reset_parameters(self) -> None:
        """Draw new first values."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                init.zeros_(self.weight[self.padding_idx])

    def forward(self, input: Any) -> Any:
        options = (self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)
        return functional.embedding(input, self.weight, *options)

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2.0:
            text += f", norm_type={self.norm_type}"
        return text + (", scale_grad_by_freq=True" if self.scale_grad_by_freq else "")
