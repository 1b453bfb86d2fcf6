// Bank: branches of dtm transactions behind a barrier, on Go's own HTTP server.
//
// POST /api/TransOut, /api/TransOutCompensate  with gid, branch_id, trans_type and op in the query, as dtm calls a branch of a saga
// POST /api/TccTry, /api/TccConfirm, /api/TccCancel  the same for a branch of a TCC transaction
//
// A branch is answered 200 (SUCCESS), 409 (FAILURE, for good) or anything else (try again). With STYLE=body a failure is a 200, too, and only
// its word in the body tells it, as dtm's older services do.
// MUTANT plants one fault: no-barrier, hangs (a call after its undoing applies), soft-failure (a refusal in a 200 without its word).
package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
)

var (
	mutant     = os.Getenv("MUTANT")
	softly     = os.Getenv("STYLE") == "body"
	errFailure = errors.New("FAILURE")
	lock       sync.Mutex
	balances   = map[string]int{}
	frozen     = map[string]int{}
	barrier    = map[string]bool{} // gid, branch and operation: done, or not to be done any more
)

type transfer struct {
	UserID string `json:"user_id"`
	Amount int    `json:"amount"`
}

// behindBarrier does the work of a branch at most once, never after it was undone, and undoes only what was done.
func behindBarrier(r *http.Request, origin string, work func() error) error {
	branch := r.URL.Query().Get("gid") + "/" + r.URL.Query().Get("branch_id") + "/"
	op := r.URL.Query().Get("op")
	if mutant == "no-barrier" {
		return work()
	}
	if barrier[branch+op] {
		return nil
	}
	if origin != "" && !barrier[branch+origin] {
		barrier[branch+op] = true
		barrier[branch+origin] = mutant != "hangs"
		return nil
	}
	if err := work(); err != nil {
		return err
	}
	barrier[branch+op] = true
	return nil
}

func move(from, to map[string]int, user string, amount int) error {
	if from != nil && from[user] < amount {
		return errFailure
	}
	if from != nil {
		from[user] -= amount
	}
	if to != nil {
		to[user] += amount
	}
	return nil
}

func branch(origin string, work func(transfer) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body transfer
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.URL.Query().Get("gid") == "" {
			answer(w, http.StatusBadRequest, "no branch of dtm")
			return
		}
		lock.Lock()
		defer lock.Unlock()
		if err := behindBarrier(r, origin, func() error { return work(body) }); err != nil && mutant == "soft-failure" {
			answer(w, http.StatusOK, "not this time")
		} else if err != nil && softly {
			answer(w, http.StatusOK, "FAILURE")
		} else if err != nil {
			answer(w, http.StatusConflict, "FAILURE")
		} else {
			answer(w, http.StatusOK, "SUCCESS")
		}
	}
}

func answer(w http.ResponseWriter, status int, result string) {
	say(w, status, map[string]any{"dtm_result": result})
}

func say(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// bringAbout brings about a precondition of the tests: a balance, or money that is frozen already.
func bringAbout(w http.ResponseWriter, r *http.Request) {
	var change struct {
		State  string `json:"state"`
		Params struct {
			User   string `json:"user"`
			Amount int    `json:"amount"`
		} `json:"params"`
	}
	_ = json.NewDecoder(r.Body).Decode(&change)
	lock.Lock()
	defer lock.Unlock()
	if change.State == "money is frozen" {
		frozen[change.Params.User] = change.Params.Amount
	} else {
		balances[change.Params.User] = change.Params.Amount
	}
	say(w, http.StatusOK, map[string]any{})
}

func balance(w http.ResponseWriter, r *http.Request) {
	lock.Lock()
	defer lock.Unlock()
	user := strings.TrimPrefix(r.URL.Path, "/api/balance/")
	say(w, http.StatusOK, map[string]any{"balance": balances[user], "frozen": frozen[user]})
}

func main() {
	out := func(t transfer) error { return move(balances, nil, t.UserID, t.Amount) }
	back := func(t transfer) error { return move(nil, balances, t.UserID, t.Amount) }
	freeze := func(t transfer) error { return move(balances, frozen, t.UserID, t.Amount) }
	spend := func(t transfer) error { return move(frozen, nil, t.UserID, t.Amount) }
	thaw := func(t transfer) error { return move(frozen, balances, t.UserID, t.Amount) }
	http.HandleFunc("/api/TransOut", branch("", out))
	http.HandleFunc("/api/TransOutCompensate", branch("action", back))
	http.HandleFunc("/api/TccTry", branch("", freeze))
	http.HandleFunc("/api/TccConfirm", branch("", spend))
	http.HandleFunc("/api/TccCancel", branch("try", thaw))
	http.HandleFunc("/api/balance/", balance)
	http.HandleFunc("/test/states", bringAbout)
	http.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, map[string]any{}) })
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil); err != nil {
		panic(err)
	}
}
