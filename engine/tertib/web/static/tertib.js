/* What the pages can do without, and do better with: tick all rows of a page, show where one is. */
(function () {
  "use strict";
  function boxes() {
    return Array.prototype.slice.call(document.querySelectorAll('#plan-form input[type=checkbox][name=pick]'));
  }
  // It stands above the table, for on a phone the table has no head.
  function all() {
    var line = document.querySelector("#plan-form .all");
    if (!line || !line.hidden || !boxes().length) { return; }
    var box = line.querySelector("input");
    box.addEventListener("change", function () {
      boxes().forEach(function (one) { one.checked = box.checked; });
    });
    line.hidden = false;
  }
  // On a phone the menu is one row that is wider than the screen: begin at the page that is shown.
  function menu() {
    var row = document.querySelector(".top nav");
    var here = row && row.querySelector("[aria-current]");
    if (here) { row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2; }
  }
  // So is a chart of days: begin at the newest.
  function newest() {
    document.querySelectorAll(".newest").forEach(function (one) { one.scrollLeft = one.scrollWidth; });
  }
  document.addEventListener("DOMContentLoaded", menu);
  document.addEventListener("DOMContentLoaded", newest);
  document.addEventListener("DOMContentLoaded", all);
  document.addEventListener("htmx:afterSettle", all);
  // A refusal is a part as well: show it where the answer would have stood, all of it.
  document.addEventListener("htmx:beforeSwap", function (event) {
    var status = event.detail.xhr.status;
    if (status >= 400 && status !== 401) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
      event.detail.selectOverride = "unset";
    }
  });
})();
