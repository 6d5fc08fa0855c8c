"""What an example looks like to people: images, text, rows of keys and values; and the guidelines of the task."""

from ladle.service.content.content import Content, ContentSources, Shown, open_content
from ladle.service.content.image_bytes import ImageBytes

__all__ = ["Content", "ContentSources", "ImageBytes", "Shown", "open_content"]
