"""Ask about an image.

Run: `python examples/chat_with_image.py [--model NAME] [--image FILE] [--question TEXT]`. Without a
file it draws a rectangle. The image is cut into tiles of the model's size (448 pixels; 56 in the
tiny model) in the grid that fits its shape best, and a thumbnail of the whole is added.
"""

import argparse
from collections.abc import Sequence

from PIL import Image, ImageDraw
from tiny_checkpoint import answer, load


def drawn_image() -> Image.Image:
    image = Image.new("RGB", (640, 320), "white")
    ImageDraw.Draw(image).rectangle((120, 80, 400, 240), fill="navy")
    return image


def main(argv: Sequence[str] | None = None) -> str:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    parser.add_argument("--image")
    parser.add_argument("--question", default="What colour is the rectangle?")
    parser.add_argument("--max-new-tokens", type=int, default=16)
    arguments = parser.parse_args(argv)
    model, processor = load(arguments.model)
    image = Image.open(arguments.image) if arguments.image else drawn_image()
    tiles = processor.image_processor(image, return_tensors="pt")["pixel_values"]
    print(
        f"{image.width}x{image.height} pixels, {len(tiles)} tiles of {processor.image_seq_length}"
    )
    content = [{"type": "image", "image": image}, {"type": "text", "text": arguments.question}]
    reply = answer(model, processor, content, arguments.max_new_tokens)
    print(f"answer: {reply}")
    return reply


if __name__ == "__main__":
    main()
