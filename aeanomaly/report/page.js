"use strict";
(function () {
  var table = document.getElementById("top-rows");
  if (!table) { return; }
  var body = table.tBodies[0];
  var status = document.getElementById("status");
  var search = document.getElementById("search");
  var group = document.getElementById("group");
  var pairs = [];
  Array.prototype.forEach.call(body.querySelectorAll("tr.row"), function (row) {
    var detail = document.getElementById(row.getAttribute("data-detail"));
    pairs.push({
      row: row, detail: detail, group: row.getAttribute("data-group"),
      text: (row.textContent + " " + detail.textContent).toLowerCase(),
      open: false, shown: true
    });
  });

  function show(pair) {
    pair.row.hidden = !pair.shown;
    pair.detail.hidden = !(pair.shown && pair.open);
    pair.row.querySelector(".open").setAttribute("aria-expanded", String(pair.open));
  }

  function filter() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var wanted = group ? group.value : "";
    var count = 0;
    pairs.forEach(function (pair) {
      pair.shown = (!wanted || pair.group === wanted) && words.every(function (word) {
        return pair.text.indexOf(word) >= 0;
      });
      count += pair.shown ? 1 : 0;
      show(pair);
    });
    status.textContent = count + " of " + pairs.length + " rows";
  }

  function key(pair, column) {
    var text = pair.row.cells[column].getAttribute("data-value");
    var number = Number(text);
    return text !== null && text !== "" && !isNaN(number) ? number : text;
  }

  function compare(one, other) {
    var numbers = typeof one === "number" && typeof other === "number";
    if (numbers) { return one - other; }
    if (typeof one === "number") { return -1; }
    if (typeof other === "number") { return 1; }
    return String(one).localeCompare(String(other));
  }

  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
    var button = head.querySelector("button");
    if (!button) { return; }
    button.addEventListener("click", function () {
      var falling = head.getAttribute("aria-sort") === "ascending";
      Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) {
        if (other.hasAttribute("aria-sort")) { other.setAttribute("aria-sort", "none"); }
      });
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      pairs.sort(function (one, other) {
        var order = compare(key(one, column), key(other, column));
        return falling ? -order : order;
      });
      pairs.forEach(function (pair) {
        body.appendChild(pair.row);
        body.appendChild(pair.detail);
      });
    });
  });

  pairs.forEach(function (pair) {
    pair.row.querySelector(".open").addEventListener("click", function () {
      pair.open = !pair.open;
      show(pair);
    });
  });
  search.addEventListener("input", filter);
  if (group) { group.addEventListener("change", filter); }
  Array.prototype.forEach.call(document.querySelectorAll("[data-show-group]"), function (button) {
    button.addEventListener("click", function () {
      group.value = button.getAttribute("data-show-group");
      filter();
      document.getElementById("rows").scrollIntoView();
      group.focus();
    });
  });
  filter();
})();
