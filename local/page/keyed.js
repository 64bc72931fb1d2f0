// Keeps a list of elements equal to a list of items without rebuilding it: focus and typed words stay.

/** create(item) makes an element, update(element, item) fills it; both for elements known by keyOf(item). */
export function keep(parent, items, { keyOf, create, update }) {
  const gone = new Map([...parent.children].map((element) => [element.dataset.key, element]));
  const wanted = items.map((item) => {
    const key = keyOf(item);
    const element = gone.get(key) ?? create(item);
    if (!gone.delete(key)) element.dataset.key = key;
    update(element, item);
    return element;
  });
  for (const element of gone.values()) element.remove();
  // An element loses the focus when it is moved: the others move around it.
  const focused = wanted.find((element) => element.contains(document.activeElement));
  let place = parent.firstElementChild;
  for (const element of wanted) {
    if (element === place || element === focused) place = element.nextElementSibling;
    else parent.insertBefore(element, place);
  }
}
