// Parts of a page that take long. data-reload: an address of this page with all figures, which takes the place of the page's main part. data-first: an address that
// answers when there is something to load; the whole page is loaded then, with its scripts.

// On a phone the navigation is a strip: the page that is shown is in view on it.
const here = document.querySelector(".site-header nav [aria-current]");
if (here) here.closest("ul").scrollLeft = here.offsetLeft - 40;

async function html(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

for (const place of document.querySelectorAll("[data-reload]")) {
  if (place.dataset.first) {
    fetch(place.dataset.first, { headers: { Accept: "application/json" } })
      .then(async (answer) => {
        if (answer.ok) window.location.reload();
        else place.textContent = (await answer.json()).detail;
      })
      .catch(() => { place.textContent = "The service does not answer. Reload the page to try again."; });
    continue;
  }
  html(place.dataset.reload)
    .then((found) => document.querySelector("main").replaceChildren(...found.querySelector("main").childNodes))
    .catch(() => { place.textContent = "The figures could not be loaded. Reload the page to try again."; });
}
