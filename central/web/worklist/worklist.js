// The coach as one types: asks the centre about the fields, and shows what it says under each. Without this file the
// same is said when the form is submitted.
const form = document.querySelector("form[data-coach]");
const said = document.getElementById("coach-said");
const model = document.getElementById("hit").content.firstElementChild;
const PAUSE_MS = 400;
let timer;
let asked = 0;

function shown(hit, words) {
  const item = model.cloneNode(true);
  const [line, advice] = item.querySelectorAll("p");
  item.className = hit.fails ? "fails" : "look";
  line.querySelector("b").textContent = hit.fails ? words.fails : words.look;
  line.querySelector("cite").textContent = hit.article;
  const quote = line.querySelector("q");
  if (hit.words) {
    const mark = document.createElement("mark");
    mark.textContent = hit.words;
    quote.replaceChildren(hit.before, mark, hit.after);
    const field = form.elements[hit.field];
    if (field) {
      const find = document.createElement("button");
      find.type = "button";
      find.textContent = words.locate;
      find.setAttribute("aria-label", `${words.locate} ${hit.words}`);
      find.addEventListener("click", () => {
        field.focus();
        // the centre counts characters, a field counts UTF-16 units
        const units = (end) => [...field.value].slice(0, end).join("").length;
        field.setSelectionRange(units(hit.start), units(hit.end));
      });
      line.append(find);
    }
  } else {
    quote.textContent = words.missing;
  }
  if (hit.advice) advice.textContent = hit.advice;
  else advice.remove();
  return item;
}

async function ask() {
  const number = ++asked;
  const answer = await fetch(form.dataset.coach, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
  if (!answer || !answer.ok || answer.redirected || number !== asked) return; // it only advises: a failure is nothing to be told of
  const { hits, words } = await answer.json();
  if (number !== asked) return;
  for (const list of form.querySelectorAll("[data-hits]")) {
    const ours = hits.filter((hit) => (form.elements[hit.field] ? hit.field : "") === list.dataset.hits);
    list.replaceChildren(...ours.map((hit) => shown(hit, words)));
  }
  if (said.textContent !== words.summary) said.textContent = words.summary;
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE_MS);
});
