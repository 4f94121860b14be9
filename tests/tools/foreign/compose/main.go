// Reads the .env file it is given as Docker Compose does, and prints what it holds as one JSON object.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

func main() {
	log.SetFlags(0)
	variables, err := dotenv.Read(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(variables); err != nil {
		log.Fatal(err)
	}
}
