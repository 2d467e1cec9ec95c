// data-together: what scrolls inside it ([data-scrolls]) scrolls sideways as one.
document.addEventListener(
  "scroll",
  ({ target }) => {
    const group = target.closest?.("[data-together]");
    if (!group || !target.matches("[data-scrolls]")) return;
    for (const other of group.querySelectorAll("[data-scrolls]")) {
      if (other !== target && other.scrollLeft !== target.scrollLeft) other.scrollLeft = target.scrollLeft;
    }
  },
  true, // a scroll does not bubble
);
