"""Where the next prompts come from, and how a prompt is found again after a restart."""

import torch

from oreal_rl.errors import PromptError
from oreal_rl.partial import Address
from oreal_rl.protocols import PromptSource
from oreal_rl.ranks import Ranks
from oreal_rl.seeding import derive_generator
from oreal_rl.types import Prompt


class PromptCursor:
    """Reads prompts from a provider or goes through a sequence epoch by epoch.

    Args:
        source: `prompts(cursor) -> prompts`, or a sequence.
        seed: Key of the epoch order of a sequence.
        ranks: The training processes; each reads its own share.
    """

    def __init__(self, source: PromptSource, *, seed: int, ranks: Ranks) -> None:
        self.source = source
        self.ranks = ranks
        self.seed = seed
        self.position = 0
        if not callable(source) and len(source) == 0:
            raise PromptError("prompts is an empty sequence; expected at least one Prompt")
        self._order: tuple[int, list[int]] = (-1, [])

    def take(self, count: int) -> list[Prompt]:
        """Take the next prompts.

        Args:
            count: How many to take from a sequence; a provider decides for itself.

        Returns:
            Prompts, at least one.

        Raises:
            PromptError: Where the provider gives nothing or something else than prompts.
        """
        return [prompt for _, prompt in self.take_addressed(count)]

    def take_addressed(self, count: int) -> list[tuple[Address, Prompt]]:
        """Take the next prompts with their addresses, see `at`."""
        start = self.position
        if callable(self.source):
            batch = self._provided(start)
            self.position += 1
            return [((start, place), prompt) for place, prompt in enumerate(batch)]
        self.position += count
        places = range(start, start + count)
        return [((place, 0), self._indexed(place)) for place in places]

    def at(self, address: Address) -> Prompt:
        """Find a prompt again.

        Args:
            address: Call of the provider and place in its answer; or place in the sequence and 0.

        Returns:
            The prompt that `take_addressed` gave at this address.

        Raises:
            PromptError: Where the provider gives fewer prompts now.
        """
        position, place = address
        if not callable(self.source):
            return self._indexed(position)
        batch = self._provided(position)
        if place >= len(batch):
            raise PromptError(
                f"the prompt provider gave {len(batch)} prompts at cursor {position}; expected "
                f"more than {place}, as before; a provider must be pure in its cursor"
            )
        return batch[place]

    def _provided(self, position: int) -> list[Prompt]:
        batch = list(self.source(position * self.ranks.world_size + self.ranks.rank))
        if not batch or not all(isinstance(prompt, Prompt) for prompt in batch):
            kinds = sorted({type(prompt).__name__ for prompt in batch}) or "nothing"
            raise PromptError(
                f"the prompt provider gave {kinds} at cursor {position}; expected a "
                "non-empty list of oreal_rl.Prompt"
            )
        return batch

    def _indexed(self, own_index: int) -> Prompt:
        index = own_index * self.ranks.world_size + self.ranks.rank
        size = len(self.source)
        epoch, place = divmod(index, size)
        if self._order[0] != epoch:
            generator = derive_generator("epoch", self.seed, epoch)
            self._order = (epoch, torch.randperm(size, generator=generator).tolist())
        prompt = self.source[self._order[1][place]]
        if not isinstance(prompt, Prompt):
            raise PromptError(
                f"prompt {self._order[1][place]} is a {type(prompt).__name__}; expected an "
                "oreal_rl.Prompt"
            )
        return prompt
