/* What the pages can do without, and do better with: tick all rows of a page, tell how many are ticked, show where one is. */
(function () {
  "use strict";
  function boxes() {
    return Array.prototype.slice.call(document.querySelectorAll('#plan-form input[type=checkbox][name=pick]'));
  }
  function header() {
    var cell = document.querySelector("#plan-form table.plan thead th");
    var all = boxes();
    if (!cell || !all.length || cell.querySelector("input")) { return; }
    var box = document.createElement("input");
    box.type = "checkbox";
    box.setAttribute("aria-label", (cell.textContent || "").trim());
    box.addEventListener("change", function () {
      boxes().forEach(function (one) { one.checked = box.checked; });
    });
    cell.appendChild(box);
  }
  // On a phone the menu is one row that is wider than the screen: begin at the page that is shown.
  function menu() {
    var row = document.querySelector(".top nav");
    var here = row && row.querySelector("[aria-current]");
    if (here) { row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2; }
  }
  document.addEventListener("DOMContentLoaded", menu);
  document.addEventListener("DOMContentLoaded", header);
  document.addEventListener("htmx:afterSettle", header);
  // A refusal is a page of its own kind: show it where the answer would have stood.
  document.addEventListener("htmx:beforeSwap", function (event) {
    var status = event.detail.xhr.status;
    if (status >= 400 && status !== 401) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
})();
